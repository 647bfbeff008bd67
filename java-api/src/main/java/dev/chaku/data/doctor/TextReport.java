package dev.chaku.data.doctor;

import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Reports for a terminal, with bars. */
public final class TextReport {
    private static final int BAR = 40;
    private static final int MOST_SHARES = 12;

    private TextReport() {}

    /**
     * {@return the doctor's report}
     *
     * @param report what was found
     */
    public static String render(DataReport report) {
        StringBuilder out = new StringBuilder();
        summary(out, report.stats());
        heading(out, report.stats().measured() ? "Lengths in tokens" : "Lengths in tokens, estimated");
        histogram(out, report.stats().histogram());
        out.append('\n');
        if (report.findings().isEmpty()) {
            line(out, "No defect found.");
        }
        report.findings().forEach(finding -> finding(out, finding));
        if (report.estimate() != null) {
            heading(out, "What training takes");
            report.estimate().lines().forEach(text -> line(out, "  %s", text));
        }
        return out.toString();
    }

    /**
     * {@return what is in the data, without findings}
     *
     * @param stats the measures of a data set
     */
    public static String render(DataStats stats) {
        StringBuilder out = new StringBuilder();
        summary(out, stats);
        heading(out, stats.measured() ? "Lengths in tokens" : "Lengths in tokens, estimated");
        histogram(out, stats.histogram());
        DataContent content = stats.content();
        heading(out, "Lengths in characters");
        histogram(out, DataStats.histogram(content.characterLengths()));
        if (content.turns().length > 0) {
            heading(out, "Messages of a conversation");
            histogram(out, DataStats.histogram(content.turns()));
        }
        shares(out, "Roles of messages", content.roles());
        shares(out, "Languages of answers", content.languages());
        shares(out, "Scripts of answers", content.scripts());
        shares(out, "Labels", content.labels());
        if (content.files().size() > 1) {
            heading(out, "Files");
            for (DataContent.FilePart part : content.files()) {
                double trained = 100.0 * part.trainedTokens() / Math.max(1, part.tokens());
                line(
                        out,
                        "  %s: %s, %,d characters, %s%s",
                        part.file(),
                        Counted.of(part.examples(), "example"),
                        part.characters(),
                        Counted.of(part.tokens(), "token"),
                        stats.measured() ? String.format(Locale.ROOT, ", %.1f %% trained", trained) : " (estimated)");
            }
        }
        return out.toString();
    }

    private static void summary(StringBuilder out, DataStats stats) {
        line(out, "%s, %,d characters", Counted.kinds(stats.kinds()), stats.characters());
        if (!stats.content().task().isEmpty()) {
            line(out, "task: %s", stats.content().task());
        }
        line(
                out,
                "%s%s in %s: median %d, 95 %% up to %d, longest %d%s",
                stats.measured() ? "" : "about ",
                Counted.of(stats.tokens(), "token"),
                Counted.of(stats.lengths().length, "sequence"),
                stats.percentile(0.5),
                stats.percentile(0.95),
                stats.percentile(1),
                stats.measured() ? "" : " (estimated: no model with a chat template counts them)");
        if (stats.measured()) {
            line(out, "%.1f %% of the tokens are trained", 100 * stats.coverage());
        }
        line(
                out,
                "%s%s of %d tokens, %.0f %% filled%s",
                stats.measured() ? "" : "about ",
                Counted.of(stats.rows(), "row"),
                stats.maxLength(),
                100 * stats.fill(),
                stats.measured() ? "" : " (estimated)");
    }

    private static void finding(StringBuilder out, Finding finding) {
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

    private static void histogram(StringBuilder out, List<DataStats.Bin> bins) {
        int most = bins.stream().mapToInt(DataStats.Bin::count).max().orElse(1);
        for (DataStats.Bin bin : bins) {
            line(out, "  %7d..%-7d %s", bin.from(), bin.to() - 1, bar(bin.count(), most));
        }
    }

    private static void shares(StringBuilder out, String title, Map<String, Integer> counts) {
        if (counts.isEmpty()) {
            return;
        }
        heading(out, title);
        List<Map.Entry<String, Integer>> largest = DataStats.largestFirst(counts);
        for (Map.Entry<String, Integer> share : largest.subList(0, Math.min(MOST_SHARES, largest.size()))) {
            line(
                    out,
                    "  %-16s %s",
                    FindingBuilder.shortened(share.getKey()),
                    bar(share.getValue(), largest.get(0).getValue()));
        }
        if (largest.size() > MOST_SHARES) {
            line(out, "  and %d more", largest.size() - MOST_SHARES);
        }
    }

    private static String bar(int count, int most) {
        return ("█".repeat((int) Math.ceil((double) BAR * count / most)) + " " + count).strip();
    }

    private static void heading(StringBuilder out, String title) {
        out.append('\n').append(title).append('\n');
    }

    private static void line(StringBuilder out, String format, Object... values) {
        out.append(String.format(Locale.ROOT, format, values)).append('\n');
    }
}
