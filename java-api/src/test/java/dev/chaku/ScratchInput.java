package dev.chaku;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Bytes of a fuzzer as a file, which is gone when closed. */
public record ScratchInput(Path path) implements AutoCloseable {
    public static ScratchInput of(byte[] bytes, String suffix) {
        try {
            Path file = Files.createTempFile("chaku-fuzz", suffix);
            Files.write(file, bytes);
            return new ScratchInput(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        try {
            Files.delete(path);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
