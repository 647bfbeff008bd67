package dev.chaku.benchmarks.compare;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Puts the newest results into a text, between {@code <!-- results:NAME -->} and {@code <!-- end -->}. Arguments: the
 * text, the folder of results. A file of results that is not there leaves its table as it is.
 */
final class ReadmeTables {
    private static final Map<String, Function<List<Map<String, Object>>, String>> TABLES = new LinkedHashMap<>();

    static {
        TABLES.put("compare", ComparisonTables::render);
        TABLES.put("curves", OtherTables::curves);
        TABLES.put("neighbours", NeighbourTables::render);
        TABLES.put("adapters", AdapterTables::render);
        TABLES.put("embed", OtherTables::embeddings);
        TABLES.put("serve-load", OtherTables::serveLoad);
        TABLES.put("run-costs", OtherTables::runCosts);
        TABLES.put("activations", OtherTables::serveLoad);
        TABLES.put("masks", OtherTables::masks);
        TABLES.put("jmh", OtherTables::jmh);
        TABLES.put("kernels", OtherTables::kernels);
        TABLES.put("bench", OtherTables::bench);
    }

    private ReadmeTables() {}

    public static void main(String[] args) throws IOException {
        Path text = Path.of(args[0]);
        String before = Files.readString(text);
        String after = before;
        for (Map.Entry<String, Function<List<Map<String, Object>>, String>> table : TABLES.entrySet()) {
            Path results = Path.of(args[1], table.getKey() + ".jsonl");
            if (Files.exists(results)) {
                after = replaced(after, table.getKey(), table.getValue().apply(read(results)));
            }
        }
        if (!after.equals(before)) {
            Files.writeString(text, after);
            System.out.println("tables written to " + text);
        }
    }

    private static List<Map<String, Object>> read(Path file) throws IOException {
        List<Map<String, Object>> rows = new ArrayList<>();
        for (String line : Files.readAllLines(file)) {
            if (!line.isBlank()) {
                rows.add(WorkerLoop.JSON.readValue(line, WorkerLoop.FIELDS));
            }
        }
        return rows;
    }

    /** Throws IllegalArgumentException if the text has no place for the table. */
    static String replaced(String text, String name, String table) {
        String begin = "<!-- results:" + name + " -->\n";
        String end = "<!-- end -->";
        int from = text.indexOf(begin);
        int to = from < 0 ? -1 : text.indexOf(end, from);
        if (to < 0) {
            throw new IllegalArgumentException(
                    "expected a line " + begin.strip() + " and after it " + end + ", found none");
        }
        return text.substring(0, from + begin.length()) + table + text.substring(to);
    }
}
