package dev.chaku.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.chaku.io.FileFault;
import dev.chaku.io.FileLines;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** Files of measurements: one JSON object a line. */
public final class ResultLines {
    private static final ObjectMapper JSON = new ObjectMapper();

    private ResultLines() {}

    /**
     * Adds a line, and the file and its folder if they are not there.
     *
     * @throws dev.chaku.errors.ChakuException if the file cannot be written
     */
    public static void append(Path file, Map<String, ?> fields) {
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
            FileLines.append(file, JSON.writeValueAsString(fields));
        } catch (IOException e) {
            throw FileFault.notWritten(file, e);
        }
    }
}
