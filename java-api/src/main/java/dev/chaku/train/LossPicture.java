package dev.chaku.train;

import java.util.List;
import java.util.Locale;

/** The loss over the steps as a self-contained SVG picture. */
public final class LossPicture {
  private static final int WIDTH = 720;
  private static final int HEIGHT = 360;
  private static final int LEFT = 60;
  private static final int BOTTOM = 40;
  private static final int TOP = 30;
  private static final int RIGHT = 20;

  /** A point of a curve. */
  public record Point(int step, double loss) {}

  private LossPicture() {}

  /** Draws the training loss, its running mean and the validation loss. */
  public static String draw(List<Point> loss, List<Point> smoothed, List<Point> validation) {
    double top = 0;
    int last = 1;
    for (List<Point> curve : List.of(loss, validation)) {
      for (Point point : curve) {
        top = Math.max(top, point.loss());
        last = Math.max(last, point.step());
      }
    }
    double high = top > 0 ? top * 1.05 : 1;
    StringBuilder svg = new StringBuilder();
    svg.append(
        format(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\""
                + " font-size=\"12\">\n",
            WIDTH, HEIGHT));
    svg.append("<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n");
    axes(svg, last, high);
    curve(svg, loss, last, high, "#b8c7d9", 1);
    curve(svg, smoothed, last, high, "#1f5fa8", 2);
    curve(svg, validation, last, high, "#c4472b", 2);
    legend(svg, validation.isEmpty());
    return svg.append("</svg>\n").toString();
  }

  private static void axes(StringBuilder svg, int last, double high) {
    for (int i = 0; i <= 4; i++) {
      double value = high * i / 4;
      double y = y(value, high);
      svg.append(
          format(
              "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#ddd\"/>"
                  + "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%.2f</text>\n",
              LEFT, WIDTH - RIGHT, y, y, LEFT - 6, y + 4, value));
      int step = Math.round(last * i / 4f);
      if (i > 0 && step == Math.round(last * (i - 1) / 4f)) {
        continue;
      }
      svg.append(
          format(
              "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%d</text>\n",
              x(step, last), HEIGHT - BOTTOM + 18, step));
    }
    svg.append(
        format(
            "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">step</text>\n", (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6));
  }

  private static void curve(StringBuilder svg, List<Point> points, int last, double high, String colour, int width) {
    if (points.isEmpty()) {
      return;
    }
    svg.append(format("<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"%d\" points=\"", colour, width));
    for (Point point : points) {
      svg.append(format("%.1f,%.1f ", x(point.step(), last), y(point.loss(), high)));
    }
    svg.append("\"/>\n");
  }

  private static void legend(StringBuilder svg, boolean noValidation) {
    svg.append(format("<text x=\"%d\" y=\"20\" fill=\"#1f5fa8\">training loss (nats per token)</text>\n", LEFT));
    if (!noValidation) {
      svg.append(format("<text x=\"%d\" y=\"20\" fill=\"#c4472b\">validation loss</text>\n", LEFT + 220));
    }
  }

  /** Digits and points as SVG reads them, in every language. */
  private static String format(String pattern, Object... values) {
    return String.format(Locale.ROOT, pattern, values);
  }

  private static double x(int step, int last) {
    return LEFT + (WIDTH - LEFT - RIGHT) * (double) step / last;
  }

  private static double y(double loss, double high) {
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - Math.min(1, loss / high));
  }
}
