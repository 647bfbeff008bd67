package dev.chaku.data.doctor;

import java.util.List;
import java.util.Locale;

/** A report for a terminal, with bars. */
public final class TextReport {
  private static final int BAR = 40;

  private TextReport() {}

  public static String render(DataReport report) {
    StringBuilder out = new StringBuilder();
    DataStats stats = report.stats();
    line(out, "%d examples %s, %,d characters", stats.examples(), stats.kinds(), stats.characters());
    line(
        out,
        "%,d tokens%s in %,d sequences: median %d, 95 %% up to %d, longest %d",
        stats.tokens(),
        stats.measured() ? "" : " (estimated)",
        stats.lengths().length,
        stats.percentile(0.5),
        stats.percentile(0.95),
        stats.percentile(1));
    if (stats.measured()) {
      line(out, "%.1f %% of the tokens are trained", 100 * stats.coverage());
    }
    line(out, "%d rows of %d tokens, %.0f %% filled", stats.rows(), stats.maxLength(), 100 * stats.fill());
    histogram(out, stats.histogram());
    out.append('\n');
    if (report.findings().isEmpty()) {
      line(out, "No defect found.");
    }
    for (Finding finding : report.findings()) {
      line(out, "%s %s (%d): %s", finding.severity(), finding.id(), finding.count(), finding.title());
      line(out, "    why: %s", finding.why());
      line(out, "    fix: %s", finding.fix());
      for (Finding.Place place : finding.places()) {
        line(out, "    %s", (place.source() + "  " + place.detail()).strip());
      }
      int more = finding.count() - finding.places().size();
      if (more > 0 && !finding.places().isEmpty()) {
        line(out, "    and %d more", more);
      }
    }
    return out.toString();
  }

  private static void histogram(StringBuilder out, List<DataStats.Bin> bins) {
    int most = bins.stream().mapToInt(DataStats.Bin::count).max().orElse(1);
    for (DataStats.Bin bin : bins) {
      int bar = (int) Math.ceil((double) BAR * bin.count() / most);
      line(out, "  %7d..%-7d %s %d", bin.from(), bin.to() - 1, "█".repeat(bar), bin.count());
    }
  }

  private static void line(StringBuilder out, String format, Object... values) {
    out.append(String.format(Locale.ROOT, format, values)).append('\n');
  }
}
