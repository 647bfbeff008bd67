package dev.chaku.internal.quantize;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.chaku.errors.BadInputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ImportanceMatrixTest {
    @TempDir
    Path folder;

    private Path write(float... sums) {
        Path file = folder.resolve("im.gguf");
        ImportanceMatrix.Entry entry = new ImportanceMatrix.Entry(sums.length, sums, new float[] {2});
        new ImportanceMatrix("test", List.of("data"), 1, 8, Map.of("blk.0.ffn_up.weight", entry)).write(file, false);
        return file;
    }

    @Test
    void comesBack() {
        ImportanceMatrix read = ImportanceMatrix.read(write(0, 1e-38f, 3e38f));
        assertArrayEquals(
                new float[] {0, 1e-38f, 3e38f},
                read.entries().get("blk.0.ffn_up.weight").sums());
        assertEquals(List.of("data"), read.datasets());
    }

    /** No file is written that the reader would refuse. */
    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, -1})
    void sumsThatAreNoneAreRefused(float bad) {
        BadInputException e = assertThrows(BadInputException.class, () -> write(1, bad, 1));
        Path file = folder.resolve("im.gguf");
        assertEquals(
                file
                        + ": importance of tensor blk.0.ffn_up.weight: expected finite values that are not negative, found "
                        + bad,
                e.getMessage());
        assertFalse(Files.exists(file));
    }
}
