package dev.chaku.benchmarks.compare;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;

/** The smaller tables: vectors of texts, JMH, kernels, end to end. */
final class OtherTables {
    private OtherTables() {}

    static String embeddings(List<Map<String, Object>> rows) {
        Markdown text = new Markdown();
        machine(rows, text);
        text.head("shape", "texts at once", "program", "texts/s", "ratio");
        for (Map<String, Object> row : rows) {
            if ("embeddings".equals(row.get("measure"))) {
                text.row(
                        row.get("shape").toString(),
                        row.get("tokens").toString().replace("batch ", ""),
                        row.get("program").toString(),
                        Markdown.spread(row.get("texts_per_s"), 1),
                        Markdown.spread(row.get("ratio"), 2));
            }
        }
        return text.toString();
    }

    static String runCosts(List<Map<String, Object>> rows) {
        Markdown text = new Markdown();
        machine(rows, text);
        text.head("what", "seconds", "of a run with the defaults");
        for (Map<String, Object> row : rows) {
            if ("run_costs".equals(row.get("measure"))) {
                text.row(
                        row.get("shape").toString(),
                        Markdown.spread(row.get("seconds"), 3),
                        row.get("share_percent") instanceof Number share
                                ? String.format(Locale.ROOT, "%.2f %%", share.doubleValue())
                                : "");
            }
        }
        return text.toString();
    }

    static String curves(List<Map<String, Object>> rows) {
        Markdown text = new Markdown();
        machine(rows, text);
        text.head(
                "method",
                "steps",
                "PyTorch's loss",
                "loss apart, 10 steps",
                "gradient norm apart, 10 steps",
                "loss apart",
                "gradient norm apart");
        for (Map<String, Object> row : rows) {
            if ("training_check".equals(row.get("measure"))) {
                text.row(
                        row.get("method").toString(),
                        row.get("steps").toString(),
                        String.format(
                                Locale.ROOT,
                                "%.3f → %.3f",
                                Markdown.number(row, "first_loss"),
                                Markdown.number(row, "last_loss")),
                        difference(row, "loss_difference_10"),
                        difference(row, "norm_difference_10"),
                        difference(row, "loss_difference"),
                        difference(row, "norm_difference"));
            }
        }
        return text.toString();
    }

    private static String difference(Map<String, Object> row, String what) {
        return String.format(Locale.ROOT, "%.1e", Markdown.number(row, what));
    }

    static String serveLoad(List<Map<String, Object>> rows) {
        Markdown text = new Markdown();
        machine(rows, text);
        text.head("case", "tokens/s", "ratio", "first token, p50 / p99 ms", "between tokens, p50 / p99 ms");
        for (Map<String, Object> row : rows) {
            if ("serve_load".equals(row.get("measure"))) {
                text.row(
                        row.get("shape").toString(),
                        Markdown.spread(row.get("tokens_per_s"), 1),
                        Markdown.spread(row.get("ratio"), 2),
                        percentiles(row, "first_token"),
                        percentiles(row, "between_tokens"));
            }
        }
        return text.toString();
    }

    static String masks(List<Map<String, Object>> rows) {
        Markdown text = new Markdown();
        text.head(
                "schema",
                "compiled, ms",
                "mask of a token, p50 / p99 / most µs",
                "of a form's first text",
                "of the next");
        for (Map<String, Object> row : rows) {
            if ("mask".equals(row.get("measure"))) {
                text.row(
                        row.get("shape").toString(),
                        Markdown.spread(row.get("compile_ms"), 1),
                        microseconds(row, "all"),
                        microseconds(row, "first"),
                        microseconds(row, "later"));
            }
        }
        return text.toString();
    }

    private static String microseconds(Map<String, Object> row, String what) {
        return String.format(
                Locale.ROOT,
                "%.1f / %.0f / %.0f",
                Markdown.number(row, what + "_p50_us"),
                Markdown.number(row, what + "_p99_us"),
                Markdown.number(row, what + "_most_us"));
    }

    private static String percentiles(Map<String, Object> row, String what) {
        if (!row.containsKey(what + "_p50_ms")) {
            return "–";
        }
        return String.format(
                Locale.ROOT,
                "%.0f / %.0f",
                Markdown.number(row, what + "_p50_ms"),
                Markdown.number(row, what + "_p99_ms"));
    }

    static String jmh(List<Map<String, Object>> rows) {
        Markdown text = new Markdown();
        machine(rows, text);
        text.head("benchmark", "score", "error (99.9 %)", "unit");
        for (Map<String, Object> row : rows) {
            if (row.containsKey("score")) {
                text.row(
                        row.get("name").toString(),
                        String.format(Locale.ROOT, "%,.2f", Markdown.number(row, "score")),
                        String.format(Locale.ROOT, "%,.2f", Markdown.number(row, "error")),
                        row.get("unit").toString());
            }
        }
        return text.toString();
    }

    /**
     * One line a case, one column an instruction set: what the op does a second, and the share of the machine's limit.
     * Of the products with quantized weights only those of one shape, for one token and for 512; the file has all.
     */
    static String kernels(List<Map<String, Object>> rows) {
        Markdown text = new Markdown();
        machine(rows, text);
        Map<String, Map<String, String>> cases = new LinkedHashMap<>();
        TreeSet<String> paths = new TreeSet<>();
        for (Map<String, Object> row : rows) {
            if (row.get("limits") instanceof String path) {
                text.line("")
                        .line(String.format(
                                Locale.ROOT,
                                "%s: %.0f GFLOP/s in registers, %.1f GB/s read.",
                                path,
                                Markdown.number(row, "fma_gflops"),
                                Markdown.number(row, "read_gbps")));
            } else if (row.containsKey("op") && isShown(row)) {
                String path = row.get("path").toString();
                paths.add(path);
                boolean memory = "read".equals(row.get("limit"));
                String speed = String.format(
                        Locale.ROOT,
                        "%.1f %s (%.0f %%)",
                        Markdown.number(row, memory ? "gbps" : "gflops"),
                        memory ? "GB/s" : "GFLOP/s",
                        100 * Markdown.number(row, "share"));
                cases.computeIfAbsent(
                                row.get("op") + " | " + row.get("format") + " | " + row.get("shape"),
                                key -> new LinkedHashMap<>())
                        .put(path, speed);
            }
        }
        text.head(("op,format,shape," + String.join(",", paths)).split(","));
        cases.forEach((name, speeds) -> text.row(
                name,
                String.join(
                        " | ",
                        paths.stream()
                                .map(path -> speeds.getOrDefault(path, "–"))
                                .toList())));
        return text.toString();
    }

    private static boolean isShown(Map<String, Object> row) {
        String shape = row.get("shape").toString();
        return !row.get("op").toString().startsWith("matmul")
                || shape.equals("m1 n8192 k2048")
                || shape.equals("m512 n8192 k2048");
    }

    static String bench(List<Map<String, Object>> rows) {
        Markdown text = new Markdown();
        if (!rows.isEmpty() && rows.get(0).get("machine") instanceof Map<?, ?> machine) {
            Map<String, Object> fields = new LinkedHashMap<>();
            machine.forEach((key, value) -> fields.put((String) key, value));
            text.machine(fields, rows.get(0).get("commit"));
        }
        text.head("model", "format", "prefill, tokens/s", "decode, tokens/s", "LoRA step, tokens/s", "peak memory");
        for (Map<String, Object> row : rows) {
            text.row(
                    row.get("model").toString(),
                    row.get("format").toString(),
                    speed(row, "prefill_tokens_per_s"),
                    speed(row, "decode_tokens_per_s"),
                    speed(row, "train_tokens_per_s"),
                    String.format(Locale.ROOT, "%.2f GB", Markdown.number(row, "peak_bytes") / 1e9));
        }
        return text.toString();
    }

    private static void machine(List<Map<String, Object>> rows, Markdown text) {
        rows.stream()
                .filter(r -> "machine".equals(r.get("measure")))
                .findFirst()
                .ifPresent(r -> text.machine(r, r.get("commit")));
    }

    private static String speed(Map<String, Object> row, String key) {
        return row.containsKey(key) ? String.format(Locale.ROOT, "%.1f", Markdown.number(row, key)) : "–";
    }
}
