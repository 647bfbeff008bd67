package dev.chaku.data.doctor;

import dev.chaku.data.doctor.Finding.Severity;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** A report as one page that needs no network: style and pictures are in it. It reads well in light and in dark. */
public final class HtmlReport {
    private static final int MOST_BARS = 12;
    private static final String STYLE = """
      :root{color-scheme:light dark;--text:#1c1c1c;--page:#fff;--card:#f5f5f5;--line:#ddd;--bar:#2b6cb0;--rest:#a9b8c6;
      --error:#b3261e;--warning:#a45f00;--note:#2b6cb0}
      @media(prefers-color-scheme:dark){:root{--text:#e2e2e2;--page:#171717;--card:#222;--line:#3a3a3a;--bar:#6aa7e8;
      --rest:#4a5560;--error:#f2877f;--warning:#e5a64a;--note:#6aa7e8}}
      body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;color:var(--text);
      background:var(--page)}
      h1{overflow-wrap:anywhere}table{border-collapse:collapse}
      td,th{padding:.15rem .8rem .15rem 0;text-align:left;vertical-align:top}
      section{border-left:4px solid var(--line);padding:.1rem 1rem;margin:1rem 0;background:var(--card)}
      section.error{border-color:var(--error)}section.warning{border-color:var(--warning)}
      section.note{border-color:var(--note)}
      code{font-size:.85em;overflow-wrap:anywhere}h3{margin:.5rem 0}li{margin:.1rem 0}
      svg{max-width:100%;height:auto}svg text{fill:var(--text)}
      .bar{fill:var(--bar)}.rest{fill:var(--rest)}rect.error{fill:var(--error)}rect.warning{fill:var(--warning)}
      rect.note{fill:var(--note)}
      """;

    private HtmlReport() {}

    /**
     * @param report what was found
     * @param title of the page, for instance the name of the data's file
     * @return the text
     */
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
        severities(out, report);
        charts(out, report.stats());
        files(out, report.stats());
        if (report.estimate() != null) {
            heading(out, "What training takes");
            report.estimate()
                    .lines()
                    .forEach(line -> out.append("<p>").append(escaped(line)).append("</p>\n"));
        }
        heading(out, "Findings");
        if (report.findings().isEmpty()) {
            out.append("<p>No defect found.</p>\n");
        }
        report.findings().forEach(finding -> finding(out, finding));
        return out.append("</body></html>\n").toString();
    }

    private static void numbers(StringBuilder out, DataStats stats) {
        out.append("<table>\n");
        row(out, "Examples", Counted.kinds(stats.kinds()));
        if (!stats.content().task().isEmpty()) {
            row(out, "Task", stats.content().task());
        }
        row(out, "Characters", String.format(Locale.ROOT, "%,d", stats.characters()));
        row(out, "Tokens", String.format(Locale.ROOT, "%,d", stats.tokens()) + (stats.measured() ? "" : ", estimated"));
        row(
                out,
                "Packed",
                String.format(
                        Locale.ROOT,
                        "%s of %d tokens, %.0f %% filled%s",
                        Counted.of(stats.rows(), "row"),
                        stats.maxLength(),
                        100 * stats.fill(),
                        stats.measured() ? "" : ", estimated"));
        out.append("</table>\n");
    }

    private static void row(StringBuilder out, String name, String value) {
        out.append("<tr><th>")
                .append(name)
                .append("</th><td>")
                .append(escaped(value))
                .append("</td></tr>\n");
    }

    private static void severities(StringBuilder out, DataReport report) {
        if (report.findings().isEmpty()) {
            return;
        }
        List<SvgCharts.Bar> bars = new ArrayList<>();
        for (Severity severity : Severity.values()) {
            String name = severity.name().toLowerCase(Locale.ROOT);
            bars.add(new SvgCharts.Bar(name + "s", report.count(severity), name));
        }
        heading(out, "Findings by severity");
        out.append(SvgCharts.bars("Findings by severity", bars));
    }

    private static void charts(StringBuilder out, DataStats stats) {
        DataContent content = stats.content();
        if (stats.measured() && stats.tokens() > 0) {
            heading(out, "Trained share");
            out.append(SvgCharts.parts(
                    "Trained share of the tokens",
                    List.of(
                            new SvgCharts.Bar("trained tokens", stats.trainedTokens(), "bar"),
                            new SvgCharts.Bar(
                                    "tokens that are read only", stats.tokens() - stats.trainedTokens(), "rest"))));
        }
        histogram(out, stats.measured() ? "Lengths in tokens" : "Lengths in tokens, estimated", stats.histogram());
        histogram(out, "Lengths in characters", DataStats.histogram(content.characterLengths()));
        histogram(out, "Messages of a conversation", DataStats.histogram(content.turns()));
        shares(out, "Roles of messages", content.roles());
        shares(out, "Languages of answers", content.languages());
        shares(out, "Scripts of answers", content.scripts());
        shares(out, "Labels", content.labels());
    }

    private static void histogram(StringBuilder out, String title, List<DataStats.Bin> bins) {
        if (!bins.isEmpty()) {
            heading(out, title);
            out.append(SvgCharts.bars(
                    "Histogram: " + title,
                    bins.stream()
                            .map(b -> new SvgCharts.Bar(b.from() + "–" + (b.to() - 1), b.count(), "bar"))
                            .toList()));
        }
    }

    private static void shares(StringBuilder out, String title, Map<String, Integer> counts) {
        if (!counts.isEmpty()) {
            heading(out, title);
            out.append(SvgCharts.bars(
                    title,
                    DataStats.largestFirst(counts).stream()
                            .limit(MOST_BARS)
                            .map(count -> new SvgCharts.Bar(count.getKey(), count.getValue(), "bar"))
                            .toList()));
        }
    }

    private static void files(StringBuilder out, DataStats stats) {
        if (stats.content().files().size() < 2) {
            return;
        }
        heading(out, "Files");
        out.append("<table>\n<tr><th>File</th><th>Examples</th><th>Characters</th><th>Tokens</th></tr>\n");
        for (DataContent.FilePart part : stats.content().files()) {
            out.append(String.format(
                    Locale.ROOT,
                    "<tr><td>%s</td><td>%,d</td><td>%,d</td><td>%,d</td></tr>%n",
                    escaped(part.file()),
                    part.examples(),
                    part.characters(),
                    part.tokens()));
        }
        out.append("</table>\n");
    }

    private static void finding(StringBuilder out, Finding finding) {
        String severity = finding.severity().name().toLowerCase(Locale.ROOT);
        out.append("<section class=\"")
                .append(severity)
                .append("\"><h3>")
                .append(escaped(finding.title()))
                .append("</h3><p>")
                .append(severity)
                .append(" · <code>")
                .append(finding.id())
                .append("</code> · ")
                .append(finding.count())
                .append("</p><p>")
                .append(escaped(finding.why()))
                .append("</p><p><b>")
                .append(escaped(finding.fix()))
                .append("</b></p>");
        if (!finding.places().isEmpty()) {
            out.append("<ul>");
            finding.places().forEach(place -> out.append("<li><code>")
                    .append(escaped(place.source()))
                    .append("</code> ")
                    .append(escaped(place.detail()))
                    .append("</li>"));
            int more = finding.count() - finding.places().size();
            out.append(more > 0 ? "<li>and " + more + " more</li>" : "").append("</ul>");
        }
        out.append("</section>\n");
    }

    private static void heading(StringBuilder out, String title) {
        out.append("<h2>").append(escaped(title)).append("</h2>\n");
    }

    /** Text from the data is never markup; characters that no page may hold are shown as missing. */
    static String escaped(String text) {
        return text.replaceAll("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f]", "\uFFFD")
                .replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;")
                .replace("'", "&#39;");
    }
}
