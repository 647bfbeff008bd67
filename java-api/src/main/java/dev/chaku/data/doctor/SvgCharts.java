package dev.chaku.data.doctor;

import java.util.List;
import java.util.Locale;

/** Charts as SVG that stands in a page; colours come from the page's style, so that they suit light and dark. */
final class SvgCharts {
    static final int WIDTH = 640;
    static final int ROW_HEIGHT = 24;
    static final int LABEL_WIDTH = 170;
    static final int COUNT_WIDTH = 110;
    private static final int BAR_HEIGHT = 16;
    private static final int LABEL_CHARS = 24;

    /**
     * A bar.
     *
     * @param style class of the page's style, for its colour
     */
    record Bar(String label, long value, String style) {}

    private SvgCharts() {}

    /** Horizontal bars, one a row, the longest as long as there is room; each with its value. */
    static String bars(String title, List<Bar> bars) {
        long most = Math.max(1, bars.stream().mapToLong(Bar::value).max().orElse(1));
        StringBuilder svg = begin(title, Math.max(1, bars.size()) * ROW_HEIGHT);
        for (int i = 0; i < bars.size(); i++) {
            Bar bar = bars.get(i);
            int y = i * ROW_HEIGHT;
            double length = (double) (WIDTH - LABEL_WIDTH - COUNT_WIDTH) * bar.value() / most;
            text(svg, LABEL_WIDTH - 8, y, "end", shortened(bar.label()));
            rect(svg, LABEL_WIDTH, y, length, bar.style(), bar.label() + ": " + bar.value());
            text(svg, LABEL_WIDTH + length + 6, y, "start", String.format(Locale.ROOT, "%,d", bar.value()));
        }
        return svg.append("</svg>\n").toString();
    }

    /** Parts of a whole in one row, with a legend of their percentages under it. */
    static String parts(String title, List<Bar> parts) {
        long whole = Math.max(1, parts.stream().mapToLong(Bar::value).sum());
        StringBuilder svg = begin(title, (1 + parts.size()) * ROW_HEIGHT);
        double x = 0;
        for (int i = 0; i < parts.size(); i++) {
            Bar part = parts.get(i);
            double length = (double) WIDTH * part.value() / whole;
            rect(svg, x, 0, length, part.style(), part.label());
            x += length;
            int y = (1 + i) * ROW_HEIGHT;
            rect(svg, 0, y, BAR_HEIGHT, part.style(), part.label());
            text(
                    svg,
                    BAR_HEIGHT + 8,
                    y,
                    "start",
                    String.format(
                            Locale.ROOT,
                            "%s: %,d (%.1f %%)",
                            part.label(),
                            part.value(),
                            100.0 * part.value() / whole));
        }
        return svg.append("</svg>\n").toString();
    }

    private static StringBuilder begin(String title, int height) {
        return new StringBuilder(String.format(
                Locale.ROOT,
                "<svg viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\" aria-label=\"%s\" font-size=\"13\">\n",
                WIDTH,
                height,
                WIDTH,
                height,
                HtmlReport.escaped(title)));
    }

    private static void rect(StringBuilder svg, double x, int y, double length, String style, String title) {
        svg.append(String.format(
                Locale.ROOT,
                "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" class=\"%s\"><title>%s</title></rect>\n",
                x,
                y + 3,
                length,
                BAR_HEIGHT,
                style,
                HtmlReport.escaped(title)));
    }

    private static void text(StringBuilder svg, double x, int y, String anchor, String text) {
        svg.append(String.format(
                Locale.ROOT,
                "<text x=\"%.1f\" y=\"%d\" text-anchor=\"%s\">%s</text>\n",
                x,
                y + 16,
                anchor,
                HtmlReport.escaped(text)));
    }

    private static String shortened(String label) {
        String line = FindingBuilder.shortened(label);
        int most = Math.min(LABEL_CHARS, line.codePointCount(0, line.length()));
        int cut = line.offsetByCodePoints(0, most);
        return cut < line.length() ? line.substring(0, cut) + "…" : line;
    }
}
