package dev.chaku.benchmarks.compare;

import dev.chaku.cli.ResultLines;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** Where figures go: lines for people on a stream as they come, JSON lines in a file. */
final class Report {
    private final Path file;
    private final PrintStream out;
    private final String commit;
    private final Set<String> programs = new HashSet<>();
    private boolean described;
    private int failed;

    Report(Path file, PrintStream out, String commit) {
        this.file = file;
        this.out = out;
        this.commit = commit;
    }

    void note(String line) {
        out.println("  " + line);
    }

    /** A program that takes part; the first of ours also describes the machine. */
    void program(String label, Map<String, Object> greeting) {
        if (!described && greeting.get("machine") instanceof Map<?, ?> machine) {
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("measure", "machine");
            row.put("commit", commit);
            machine.forEach((key, value) -> row.put((String) key, value));
            ResultLines.append(file, row);
            described = true;
        }
        if (programs.add(label)) {
            Map<String, Object> row = new LinkedHashMap<>(greeting);
            row.remove("machine");
            row.put("measure", "program");
            row.put("program", label);
            ResultLines.append(file, row);
            out.println(label + ": " + greeting.get("system"));
        }
    }

    void row(Map<String, Object> row) {
        ResultLines.append(file, row);
        StringBuilder line = new StringBuilder();
        line.append(String.format(
                "%-16s %-13s %-7s %-14s",
                row.get("measure"),
                row.get("shape"),
                row.getOrDefault("format", row.get("tokens")),
                row.get("program")));
        line.append(row.containsKey("base") ? " " + row.get("base") : "");
        row.forEach((key, value) -> {
            if (value instanceof Map<?, ?> spread) {
                line.append(String.format(
                        Locale.ROOT,
                        "  %s %.2f (%.2f-%.2f)",
                        key,
                        number(spread, "median"),
                        number(spread, "least"),
                        number(spread, "most")));
            }
        });
        if (row.get("peak_bytes") instanceof Number bytes) {
            line.append(String.format(Locale.ROOT, "  %.2f GB", bytes.doubleValue() / 1e9));
        }
        if (row.get("memory") instanceof Number share) {
            line.append(String.format(Locale.ROOT, "  memory %.2f", share.doubleValue()));
        }
        line.append(row.containsKey("peer") ? "  of " + row.get("peer") : "");
        out.println(line);
    }

    /** A proof that two programs compute the same; {@code ok} says whether they do. */
    void check(Map<String, Object> row) {
        ResultLines.append(file, row);
        boolean ok = Boolean.TRUE.equals(row.get("ok"));
        out.println((ok ? "  same results: " : "  DIFFERENT RESULTS: ") + row);
        failed += ok ? 0 : 1;
    }

    /** A case that could not be measured, for instance because a program took more memory than there is. */
    void failure(String measure, PeerShape shape, Object which, Exception e) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("measure", measure + "_failed");
        row.put("shape", shape.name());
        row.put("case", which.toString());
        row.put("reason", String.valueOf(e.getMessage()).lines().findFirst().orElse(""));
        ResultLines.append(file, row);
        out.println("  FAILED: " + shape.name() + " " + which + ": " + e.getMessage());
        failed++;
    }

    /** How many checks and cases failed. */
    int failed() {
        return failed;
    }

    private static double number(Map<?, ?> fields, String key) {
        return ((Number) fields.get(key)).doubleValue();
    }
}
