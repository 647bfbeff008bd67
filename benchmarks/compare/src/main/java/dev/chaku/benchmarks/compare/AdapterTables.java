package dev.chaku.benchmarks.compare;

import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The table of what is done with adapters. */
final class AdapterTables {
    private AdapterTables() {}

    static String render(List<Map<String, Object>> rows) {
        Markdown text = new Markdown();
        rows.stream()
                .filter(r -> "machine".equals(r.get("measure")))
                .findFirst()
                .ifPresent(r -> text.machine(r, r.get("commit")));
        text.head("work", "base", "seconds", "processor seconds", "output", "MB/s of output", "peak memory");
        for (Map<String, Object> row : rows) {
            if ("adapters".equals(row.get("measure"))) {
                text.row(
                        row.get("program").toString(),
                        row.get("shape") + " " + row.get("format"),
                        Markdown.spread(row.get("seconds"), 2),
                        Markdown.spread(row.get("processor_seconds"), 2),
                        String.format(Locale.ROOT, "%.1f MB", Markdown.number(row, "output_bytes") / 1e6),
                        String.format(Locale.ROOT, "%.0f", Markdown.number(row, "output_mb_per_s")),
                        String.format(Locale.ROOT, "%.2f GB", Markdown.number(row, "peak_bytes") / 1e9));
            }
        }
        return text.toString();
    }
}
