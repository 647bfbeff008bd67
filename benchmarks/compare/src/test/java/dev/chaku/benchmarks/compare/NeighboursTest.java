package dev.chaku.benchmarks.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

final class NeighboursTest {
    @Test
    void quickMeasuresEveryWorkBesideEveryNumberOfNeighbours(@TempDir Path folder) throws IOException {
        Path out = folder.resolve("neighbours.jsonl");
        int status = new CommandLine(new Neighbours())
                .execute(
                        "--quick",
                        "--rounds=1",
                        "--busy=0,1",
                        "--models=" + folder.resolve("models"),
                        "--out=" + out,
                        "--commit=abc");
        assertEquals(0, status);
        List<Map<String, Object>> rows = new ArrayList<>();
        for (String line : Files.readAllLines(out)) {
            rows.add(WorkerLoop.JSON.readValue(line, WorkerLoop.FIELDS));
        }
        assertEquals("abc", rows.get(0).get("commit"));
        List<String> found = new ArrayList<>();
        for (Map<String, Object> row : rows) {
            if ("neighbours".equals(row.get("measure"))) {
                found.add(row.get("phase") + " " + row.get("busy"));
                assertTrue(median(row, "tokens_per_s") > 0, row.toString());
                assertEquals(row.get("busy").equals(0), Markdown.number(row, "cores_left") == 1, row.toString());
                assertTrue(median(row, "taken") >= 0 && median(row, "kept") > 0, row.toString());
            }
        }
        assertEquals(List.of("prefill 0", "prefill 1", "decode 0", "decode 1", "training 0", "training 1"), found);
        String table = NeighbourTables.render(rows);
        assertTrue(table.contains("| decode | check q4_0 | 1 | "), table);
        assertTrue(table.contains("commit abc"), table);
    }

    @Test
    void aFigureThatWasMissedSaysSo() {
        Map<String, Object> one = Map.of("median", 1, "least", 1, "most", 1);
        Map<String, Object> row = Map.of(
                "measure",
                "neighbours",
                "phase",
                "decode",
                "shape",
                "s",
                "format",
                "q4_0",
                "busy",
                2,
                "tokens_per_s",
                Map.of("median", 20, "least", 19, "most", 21),
                "kept",
                Map.of("median", 0.3, "least", 0.25, "most", 0.35),
                "taken",
                one,
                "least_kept",
                0.375,
                "cores_left",
                0.5);
        String table = NeighbourTables.render(List.of(row));
        assertTrue(
                table.contains(
                        "| decode | s q4_0 | 2 | 20.0 (19.0–21.0) | 0.30 (0.25–0.35) (missed) | 0.38 | 0.50 | 1.00 |"),
                table);
    }

    private static double median(Map<String, Object> row, String key) {
        return ((Number) ((Map<?, ?>) row.get(key)).get("median")).doubleValue();
    }
}
