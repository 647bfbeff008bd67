package dev.chaku;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Who stands beside the library uses it as everybody does: sources elsewhere in the repository name nothing internal.
 */
class InternalImportsTest {
    @ParameterizedTest
    @ValueSource(
            strings = {"cli", "integrations/parquet", "integrations/module-path", "benchmarks/compare", "benchmarks/jmh"
            })
    void noSourceNamesAnythingInternal(String module) throws IOException {
        List<Path> sources;
        try (Stream<Path> files = Files.walk(Path.of("..", module, "src"))) {
            sources = files.filter(file -> file.toString().endsWith(".java")).toList();
        }
        assertTrue(!sources.isEmpty(), "expected sources in " + module + ", found none");
        List<Path> found =
                sources.stream().filter(InternalImportsTest::namesInternal).toList();
        assertEquals(List.of(), found);
    }

    private static boolean namesInternal(Path source) {
        try {
            return Files.readString(source).contains("dev.chaku.internal");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
