package dev.chaku.data.doctor;

import java.util.List;
import java.util.Locale;

/** A report as one page that needs no network: style and pictures are in it. */
public final class HtmlReport {
  private static final int WIDTH = 640;
  private static final int BAR_HEIGHT = 18;
  private static final int ROW_HEIGHT = 24;
  private static final int LABEL_WIDTH = 150;
  private static final String STYLE =
      """
      body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}
      table{border-collapse:collapse}td,th{padding:.15rem .8rem .15rem 0;text-align:left;vertical-align:top}
      section{border-left:4px solid #999;padding:.1rem 1rem;margin:1rem 0;background:#f6f6f6}
      section.error{border-color:#b3261e}section.warning{border-color:#b26a00}section.note{border-color:#2b6cb0}
      code{font-size:.85em;overflow-wrap:anywhere}h3{margin:.5rem 0}li{margin:.1rem 0}
      @media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}section{background:#222}svg text{fill:#ddd}}
      """;

  private HtmlReport() {}

  /** @param title of the page, for instance the name of the data's file */
  public static String render(DataReport report, String title) {
    StringBuilder out = new StringBuilder();
    out.append("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>")
        .append(escaped(title))
        .append("</title><meta name=\"viewport\" content=\"width=device-width\"><style>\n")
        .append(STYLE)
        .append("</style></head><body>\n<h1>")
        .append(escaped(title))
        .append("</h1>\n");
    numbers(out, report.stats());
    out.append("<h2>Lengths in tokens").append(report.stats().measured() ? "" : ", estimated").append("</h2>\n");
    histogram(out, report.stats().histogram());
    out.append("<h2>Findings</h2>\n");
    if (report.findings().isEmpty()) {
      out.append("<p>No defect found.</p>\n");
    }
    report.findings().forEach(finding -> finding(out, finding));
    return out.append("</body></html>\n").toString();
  }

  private static void numbers(StringBuilder out, DataStats stats) {
    out.append("<table>\n");
    row(out, "Examples", stats.examples() + " " + stats.kinds());
    row(out, "Characters", String.format(Locale.ROOT, "%,d", stats.characters()));
    row(out, "Tokens", String.format(Locale.ROOT, "%,d", stats.tokens()));
    if (stats.measured()) {
      row(out, "Trained", String.format(Locale.ROOT, "%.1f %% of the tokens", 100 * stats.coverage()));
    }
    row(
        out,
        "Packed",
        String.format(
            Locale.ROOT, "%d rows of %d tokens, %.0f %% filled", stats.rows(), stats.maxLength(), 100 * stats.fill()));
    out.append("</table>\n");
  }

  private static void row(StringBuilder out, String name, String value) {
    out.append("<tr><th>").append(name).append("</th><td>").append(escaped(value)).append("</td></tr>\n");
  }

  private static void histogram(StringBuilder out, List<DataStats.Bin> bins) {
    int most = bins.stream().mapToInt(DataStats.Bin::count).max().orElse(1);
    out.append(
        String.format(
            Locale.ROOT,
            "<svg viewBox=\"0 0 %d %d\" width=\"%d\" role=\"img\" aria-label=\"Histogram of lengths\" font-size=\"13\">\n",
            WIDTH, Math.max(1, bins.size()) * ROW_HEIGHT, WIDTH));
    for (int i = 0; i < bins.size(); i++) {
      DataStats.Bin bin = bins.get(i);
      int y = i * ROW_HEIGHT;
      double bar = (double) (WIDTH - LABEL_WIDTH - 70) * bin.count() / most;
      out.append(
          String.format(
              Locale.ROOT,
              "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%d–%d</text>"
                  + "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"#2b6cb0\"/>"
                  + "<text x=\"%.1f\" y=\"%d\">%d</text>\n",
              LABEL_WIDTH - 8, y + 15, bin.from(), bin.to() - 1, LABEL_WIDTH, y + 2, bar, BAR_HEIGHT,
              LABEL_WIDTH + bar + 6, y + 15, bin.count()));
    }
    out.append("</svg>\n");
  }

  private static void finding(StringBuilder out, Finding finding) {
    String severity = finding.severity().name().toLowerCase(Locale.ROOT);
    out.append("<section class=\"").append(severity).append("\"><h3>").append(escaped(finding.title())).append("</h3><p>")
        .append(severity).append(" · <code>").append(finding.id()).append("</code> · ").append(finding.count())
        .append("</p><p>").append(escaped(finding.why())).append("</p><p><b>")
        .append(escaped(finding.fix())).append("</b></p>");
    if (!finding.places().isEmpty()) {
      out.append("<ul>");
      finding
          .places()
          .forEach(
              place ->
                  out.append("<li><code>").append(escaped(place.source())).append("</code> ")
                      .append(escaped(place.detail())).append("</li>"));
      int more = finding.count() - finding.places().size();
      out.append(more > 0 ? "<li>and " + more + " more</li>" : "").append("</ul>");
    }
    out.append("</section>\n");
  }

  /** Text from the data is never markup. */
  static String escaped(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;")
        .replace("'", "&#39;");
  }
}
