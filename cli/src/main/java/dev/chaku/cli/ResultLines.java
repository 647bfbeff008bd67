package dev.chaku.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.chaku.io.FileFault;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
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
            Path folder = file.toAbsolutePath().getParent();
            Files.createDirectories(folder);
            byte[] line = (JSON.writeValueAsString(fields) + "\n").getBytes(StandardCharsets.UTF_8);
            Files.write(file, line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw FileFault.notWritten(file, e);
        }
    }
}
