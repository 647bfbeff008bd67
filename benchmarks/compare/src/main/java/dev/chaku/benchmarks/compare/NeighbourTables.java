package dev.chaku.benchmarks.compare;

import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The table of what is kept beside neighbours. */
final class NeighbourTables {
    private NeighbourTables() {}

    static String render(List<Map<String, Object>> rows) {
        Markdown text = new Markdown();
        rows.stream()
                .filter(r -> "machine".equals(r.get("measure")))
                .findFirst()
                .ifPresent(r -> text.machine(r, r.get("commit")));
        text.head(
                "work",
                "shape",
                "busy processes",
                "tokens/s",
                "speed kept",
                "at least",
                "cores left",
                "cores the neighbours took");
        for (Map<String, Object> row : rows) {
            if ("neighbours".equals(row.get("measure"))) {
                text.row(
                        row.get("phase").toString(),
                        row.get("shape") + " " + row.get("format"),
                        row.get("busy").toString(),
                        Markdown.spread(row.get("tokens_per_s"), 1),
                        Markdown.spread(row.get("kept"), 2) + (Boolean.TRUE.equals(row.get("ok")) ? "" : " (missed)"),
                        share(row, "least_kept"),
                        share(row, "cores_left"),
                        Markdown.spread(row.get("taken"), 2));
            }
        }
        return text.toString();
    }

    private static String share(Map<String, Object> row, String key) {
        return String.format(Locale.ROOT, "%.2f", Markdown.number(row, key));
    }
}
