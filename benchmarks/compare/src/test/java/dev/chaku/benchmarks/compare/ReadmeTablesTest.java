package dev.chaku.benchmarks.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ReadmeTablesTest {
    private static final String TEXT = "a\n<!-- results:bench -->\nold\n<!-- end -->\nb\n";

    @Test
    void whatStandsBetweenTheMarksIsReplaced() {
        String text = ReadmeTables.replaced(TEXT, "bench", "new\n");
        assertEquals("a\n<!-- results:bench -->\nnew\n<!-- end -->\nb\n", text);
        assertEquals(text, ReadmeTables.replaced(text, "bench", "new\n"));
        assertThrows(IllegalArgumentException.class, () -> ReadmeTables.replaced(TEXT, "jmh", "new\n"));
    }

    @Test
    void aComparisonBecomesTables(@TempDir Path folder) throws IOException {
        Path text = folder.resolve("README.md");
        Files.writeString(text, TEXT + "<!-- results:compare -->\n<!-- end -->\n");
        Files.write(
                folder.resolve("compare.jsonl"),
                List.of(
                        "{\"measure\":\"inference\",\"shape\":\"s\",\"format\":\"q8_0\",\"program\":\"chaku cpu\",\"system\":\"amx\","
                                + "\"prefill_tokens_per_s\":{\"median\":10,\"least\":9,\"most\":11},"
                                + "\"decode_tokens_per_s\":{\"median\":2,\"least\":2,\"most\":2},\"peak_bytes\":1500000000}",
                        "{\"measure\":\"inference_ratio\",\"shape\":\"s\",\"format\":\"q8_0\",\"program\":\"chaku cpu\","
                                + "\"prefill\":{\"median\":5,\"least\":4.5,\"most\":5.5},\"decode\":{\"median\":1,\"least\":1,\"most\":1}}",
                        "{\"measure\":\"inference_check\",\"ok\":false}"));
        ReadmeTables.main(new String[] {text.toString(), folder.toString()});
        String after = Files.readString(text);
        assertTrue(
                after.contains("| s | q8_0 | chaku amx | 10 (9–11) | 5.00 (4.50–5.50) | 2.0 | 1.00 | 1.50 GB |"),
                after);
        assertTrue(after.contains("1 of 1 checks failed"), after);
        assertTrue(after.contains("old"), "results that are not there leave their table");
    }
}
