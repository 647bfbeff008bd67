package dev.chaku.benchmarks.compare;

import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The tables of a comparison with other engines. */
final class ComparisonTables {
    private ComparisonTables() {}

    static String render(List<Map<String, Object>> rows) {
        Markdown text = new Markdown();
        rows.stream().filter(r -> is(r, "machine")).forEach(r -> text.machine(r, r.get("commit")));
        rows.stream()
                .filter(r -> is(r, "program") && !r.get("program").toString().startsWith("chaku"))
                .forEach(r -> text.line("").line(r.get("program") + " uses: " + r.get("system") + "."));
        inference(rows, text);
        training(rows, text);
        checks(rows, text);
        rows.stream()
                .filter(r -> r.get("measure").toString().endsWith("_failed"))
                .forEach(r -> text.line("")
                        .line("Not measured: " + r.get("shape") + " " + r.get("case") + ": " + r.get("reason")));
        return text.toString();
    }

    private static void inference(List<Map<String, Object>> rows, Markdown text) {
        if (rows.stream().noneMatch(r -> is(r, "inference"))) {
            return;
        }
        text.head(
                "shape", "format", "program", "prefill, tokens/s", "ratio", "decode, tokens/s", "ratio", "peak memory");
        for (Map<String, Object> row : rows) {
            if (is(row, "inference")) {
                Map<String, Object> ratio =
                        ratio(rows, "inference_ratio", row, List.of("shape", "format", "program"), null);
                text.row(
                        row.get("shape").toString(),
                        row.get("format").toString(),
                        named(row),
                        Markdown.spread(row.get("prefill_tokens_per_s"), 0),
                        Markdown.spread(ratio.get("prefill"), 2),
                        Markdown.spread(row.get("decode_tokens_per_s"), 1),
                        Markdown.spread(ratio.get("decode"), 2),
                        gigabytes(row));
            }
        }
    }

    private static void training(List<Map<String, Object>> rows, Markdown text) {
        if (rows.stream().noneMatch(r -> is(r, "training"))) {
            return;
        }
        text.head(
                "shape",
                "tokens",
                "program",
                "weights",
                "LoRA step, tokens/s",
                "÷ PyTorch bf16",
                "÷ PyTorch f32",
                "peak memory",
                "÷ PyTorch bf16");
        List<String> same = List.of("shape", "tokens", "program", "base");
        for (Map<String, Object> row : rows) {
            if (is(row, "training")) {
                Map<String, Object> bf16 = ratio(rows, "training_ratio", row, same, "PyTorch bf16");
                Map<String, Object> f32 = ratio(rows, "training_ratio", row, same, "PyTorch f32");
                text.row(
                        row.get("shape").toString(),
                        row.get("tokens").toString(),
                        named(row),
                        row.get("base").toString(),
                        Markdown.spread(row.get("tokens_per_s"), 0),
                        Markdown.spread(bf16.get("speed"), 2),
                        Markdown.spread(f32.get("speed"), 2),
                        gigabytes(row),
                        bf16.containsKey("memory")
                                ? String.format(Locale.ROOT, "%.2f", Markdown.number(bf16, "memory"))
                                : "–");
            }
        }
    }

    private static void checks(List<Map<String, Object>> rows, Markdown text) {
        List<Map<String, Object>> checks = rows.stream()
                .filter(r -> is(r, "inference_check") || is(r, "training_check"))
                .toList();
        long failed =
                checks.stream().filter(r -> !Boolean.TRUE.equals(r.get("ok"))).count();
        text.line("")
                .line(
                        failed == 0
                                ? "All " + checks.size() + " checks passed that both programs compute the same."
                                : failed + " of " + checks.size()
                                        + " checks failed that both programs compute the same.");
    }

    /** The row of ratios that belongs to a program's; empty if there is none. */
    private static Map<String, Object> ratio(
            List<Map<String, Object>> rows, String measure, Map<String, Object> of, List<String> same, String peer) {
        return rows.stream()
                .filter(r -> is(r, measure)
                        && same.stream().allMatch(key -> r.get(key).equals(of.get(key))))
                .filter(r -> peer == null || r.get("peer").toString().startsWith(peer))
                .findFirst()
                .orElse(Map.of());
    }

    private static boolean is(Map<String, Object> row, String measure) {
        return measure.equals(row.get("measure"));
    }

    /** Chaku with the path that it ran on. */
    private static String named(Map<String, Object> row) {
        String program = row.get("program").toString();
        return program.startsWith("chaku") ? "chaku " + row.get("system") : program;
    }

    private static String gigabytes(Map<String, Object> row) {
        return String.format(Locale.ROOT, "%.2f GB", Markdown.number(row, "peak_bytes") / 1e9);
    }
}
