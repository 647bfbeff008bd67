package dev.chaku.io;

import dev.chaku.errors.ChakuException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Files that grow by lines, such as logs and files of results. */
public final class FileLines {
    private FileLines() {}

    /**
     * Adds a line at the end of a file, or makes the file with it. The line is one write: of two that add at once, each
     * keeps its line whole. Thread-safe.
     *
     * @param file the file, in a folder that is there
     * @param line UTF-8 text without a line's end
     * @throws ChakuException as {@link FileFault#notWritten(Path, IOException)} has it, if the file cannot be written
     */
    public static void append(Path file, String line) {
        try {
            Files.write(
                    file,
                    (line + "\n").getBytes(StandardCharsets.UTF_8),
                    StandardOpenOption.CREATE,
                    StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw FileFault.notWritten(file, e);
        }
    }
}
