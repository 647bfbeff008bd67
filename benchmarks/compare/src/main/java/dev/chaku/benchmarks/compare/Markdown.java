package dev.chaku.benchmarks.compare;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Lines of a Markdown text: a sentence about the machine, tables. */
final class Markdown {
    private final StringBuilder text = new StringBuilder();

    Markdown line(String line) {
        text.append(line).append('\n');
        return this;
    }

    /** What was measured on what, from a machine's description. */
    Markdown machine(Map<String, Object> machine, Object commit) {
        return line(String.format(
                Locale.ROOT,
                "%s, commit %s: %s, %s cores, %s threads, %s, %.1f GiB, %s, %s.",
                machine.get("date"),
                commit,
                machine.get("cpu"),
                machine.get("cores"),
                machine.get("threads"),
                machine.get("cpu_path"),
                number(machine, "memory_bytes") / (1L << 30),
                machine.get("os"),
                machine.containsKey("java") ? "Java " + machine.get("java") : "gcc " + machine.get("compiler")));
    }

    Markdown head(String... columns) {
        line("");
        row(columns);
        List<String> rules = new ArrayList<>(Collections.nCopies(columns.length, "---"));
        return row(rules.toArray(new String[0]));
    }

    Markdown row(String... cells) {
        return line("| " + String.join(" | ", cells) + " |");
    }

    /**
     * A median with its spread, for instance {@code 5.1 (4.9-5.3)}; alone if there was one round; a dash for nothing.
     */
    static String spread(Object fields, int digits) {
        if (!(fields instanceof Map<?, ?> spread)) {
            return "–";
        }
        String format = "%." + digits + "f";
        if (value(spread, "least") == value(spread, "most")) {
            return String.format(Locale.ROOT, format, value(spread, "median"));
        }
        format += " (" + format + "–" + format + ")";
        return String.format(
                Locale.ROOT, format, value(spread, "median"), value(spread, "least"), value(spread, "most"));
    }

    static double number(Map<String, Object> fields, String key) {
        return value(fields, key);
    }

    private static double value(Map<?, ?> fields, String key) {
        return ((Number) fields.get(key)).doubleValue();
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
