package dev.chaku.benchmarks.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.Adapter;
import dev.chaku.Model;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AdaptersTest {
    @TempDir
    Path folder;

    @Test
    void randomAdaptersAreOfAllProductsAndAreKept() throws IOException {
        Path base = ModelFile.in(folder, PeerShape.CHECK, "q8_0");
        Path file = RandomAdapter.in(folder, base, 4, 1);
        try (Model model = Model.open(base);
                Adapter adapter = Adapter.load(file)) {
            assertEquals(7 * PeerShape.CHECK.layers(), adapter.adaptedProducts());
            assertEquals(4, adapter.rank());
            model.generator().adapter(adapter).tokens(1, 2).maxTokens(1).generate();
        }
        long before = Files.getLastModifiedTime(file).toMillis();
        RandomAdapter.in(folder, base, 4, 1);
        assertEquals(before, Files.getLastModifiedTime(file).toMillis());
    }

    @Test
    void commandsAreTimedAndTheirFailuresTold() throws IOException {
        Path script = Files.writeString(folder.resolve("chaku"), "#!/bin/sh\necho \"said $1\"\nsleep 0.05\nexit $2\n");
        Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwx------"));
        TimedCommand ran = TimedCommand.run(script, folder.resolve("log"), List.of("this", "0"));
        assertTrue(ran.seconds() >= 0.05, ran.toString());
        IOException e = assertThrows(
                IOException.class, () -> TimedCommand.run(script, folder.resolve("log"), List.of("that", "3")));
        assertEquals("that 3 ends with 3: said that", e.getMessage());
    }

    @Test
    void aLineOfTheTable() {
        Map<String, Object> spread = Map.of("median", 1.5, "least", 1.0, "most", 2.0);
        String table = AdapterTables.render(List.of(Map.of(
                "measure",
                "adapters",
                "program",
                "merge svd",
                "shape",
                "check",
                "format",
                "q8_0",
                "seconds",
                spread,
                "processor_seconds",
                spread,
                "output_bytes",
                3_000_000,
                "output_mb_per_s",
                2.0,
                "peak_bytes",
                250_000_000)));
        assertTrue(
                table.endsWith(
                        "| merge svd | check q8_0 | 1.50 (1.00–2.00) | 1.50 (1.00–2.00) | 3.0 MB | 2 | 0.25 GB |\n"),
                table);
    }
}
