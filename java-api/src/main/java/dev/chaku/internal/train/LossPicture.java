package dev.chaku.internal.train;

import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;

/** The loss over the steps as a self-contained SVG picture. */
public final class LossPicture {
    private static final int WIDTH = 720;
    private static final int HEIGHT = 360;
    private static final int LEFT = 60;
    private static final int BOTTOM = 44;
    private static final int TOP = 34;
    private static final int RIGHT = 20;
    private static final String LOSS_COLOUR = "#b8c7d9";
    private static final String MEAN_COLOUR = "#1f5fa8";
    private static final String VALIDATION_COLOUR = "#c4472b";

    /** A point of a curve. */
    public record Point(int step, double loss) {}

    private final Axis steps;
    private final Axis losses;
    private final StringBuilder svg = new StringBuilder();

    private LossPicture(Axis steps, Axis losses) {
        this.steps = steps;
        this.losses = losses;
    }

    /**
     * Draws the training loss, its running mean and the validation loss. The scale is that of the values: from the
     * least to the greatest, in round numbers. Values that are not finite are left out.
     */
    public static String draw(List<Point> loss, List<Point> smoothed, List<Point> validation) {
        DoubleStream values = Stream.of(loss, smoothed, validation)
                .flatMap(List::stream)
                .mapToDouble(Point::loss)
                .filter(Double::isFinite);
        int last = Stream.of(loss, validation)
                .flatMap(List::stream)
                .mapToInt(Point::step)
                .max()
                .orElse(1);
        int first = Stream.of(loss, validation)
                .flatMap(List::stream)
                .mapToInt(Point::step)
                .min()
                .orElse(0);
        var range = values.summaryStatistics();
        LossPicture picture = new LossPicture(
                Axis.within(Math.min(first, last - 1), last, 1),
                range.getCount() == 0 ? Axis.around(0, 1, 0) : Axis.around(range.getMin(), range.getMax(), 0));
        return picture.draw(loss, smoothed, validation, validation.isEmpty());
    }

    private String draw(List<Point> loss, List<Point> smoothed, List<Point> validation, boolean noValidation) {
        svg.append(format(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\""
                        + " font-size=\"12\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
                WIDTH, HEIGHT));
        axes();
        curve(loss, LOSS_COLOUR, 1);
        curve(smoothed, MEAN_COLOUR, 2);
        curve(validation, VALIDATION_COLOUR, 2);
        legend(LEFT, LOSS_COLOUR, "training loss of each step");
        legend(LEFT + 210, MEAN_COLOUR, "its running mean");
        if (!noValidation) {
            legend(LEFT + 370, VALIDATION_COLOUR, "validation loss");
        }
        return svg.append("</svg>\n").toString();
    }

    private void axes() {
        for (double value : losses.ticks()) {
            double y = y(value);
            svg.append(format(
                    "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#ddd\"/>"
                            + "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n",
                    LEFT, WIDTH - RIGHT, y, y, LEFT - 6, y + 4, losses.label(value)));
        }
        for (double step : steps.ticks()) {
            svg.append(format(
                    "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n",
                    x(step), HEIGHT - BOTTOM + 18, steps.label(step)));
        }
        svg.append(format(
                "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">step</text>\n",
                (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8));
        int middle = (TOP + HEIGHT - BOTTOM) / 2;
        svg.append(format(
                "<text x=\"14\" y=\"%d\" text-anchor=\"middle\" transform=\"rotate(-90 14 %d)\">nats per token</text>\n",
                middle, middle));
    }

    private void curve(List<Point> points, String colour, int width) {
        List<Point> finite =
                points.stream().filter(point -> Double.isFinite(point.loss())).toList();
        if (finite.size() == 1) {
            Point only = finite.get(0);
            svg.append(format(
                    "<circle r=\"3\" fill=\"%s\" cx=\"%.1f\" cy=\"%.1f\"/>\n", colour, x(only.step()), y(only.loss())));
        } else if (!finite.isEmpty()) {
            svg.append(format("<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"%d\" points=\"", colour, width));
            finite.forEach(point -> svg.append(format("%.1f,%.1f ", x(point.step()), y(point.loss()))));
            svg.append("\"/>\n");
        }
    }

    private void legend(int x, String colour, String text) {
        svg.append(format(
                "<line x1=\"%d\" x2=\"%d\" y1=\"16\" y2=\"16\" stroke=\"%s\" stroke-width=\"3\"/><text x=\"%d\" y=\"20\">%s</text>\n",
                x, x + 20, colour, x + 26, text));
    }

    /** Digits and points as SVG reads them, in every language. */
    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }

    private double x(double step) {
        return LEFT + (WIDTH - LEFT - RIGHT) * steps.share(step);
    }

    private double y(double loss) {
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - losses.share(loss));
    }
}
