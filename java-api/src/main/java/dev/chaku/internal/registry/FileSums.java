package dev.chaku.internal.registry;

import dev.chaku.errors.BadInputException;
import dev.chaku.internal.io.Sha256;
import dev.chaku.internal.io.WholeFile;
import dev.chaku.io.FileFault;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The hashes of all files of a folder, in a file beside them that {@code sha256sum --check} reads.
 *
 * @param byName in hexadecimal, by the name of the file
 */
public record FileSums(Map<String, String> byName) {
    /** The file with the hashes of the others. */
    public static final String NAME = "SHA256SUMS";

    private static final Pattern LINE = Pattern.compile("([0-9a-f]{64})  ([^/\\\\]+)");

    /**
     * Reads the hashes.
     *
     * @throws BadInputException if the file is missing or is none of hashes
     */
    public static FileSums read(Path folder) {
        Path file = folder.resolve(NAME);
        try {
            Map<String, String> sums = new LinkedHashMap<>();
            for (String line : Files.readAllLines(file)) {
                Matcher sum = LINE.matcher(line);
                if (!sum.matches()) {
                    throw new BadInputException(file + ": expected lines of a SHA-256 and a name, found another");
                }
                sums.put(sum.group(2), sum.group(1));
            }
            return new FileSums(sums);
        } catch (IOException e) {
            throw FileFault.notRead(file, e);
        }
    }

    /** Writes them into the folder. */
    public void write(Path folder) throws IOException {
        StringBuilder text = new StringBuilder();
        byName.forEach((name, sum) -> text.append(sum).append("  ").append(name).append('\n'));
        WholeFile.write(folder.resolve(NAME), text.toString().getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Reads every file and compares.
     *
     * @return what is wrong with the first that differs, in words; empty if all are as they were written
     */
    public Optional<String> fault(Path folder) throws IOException {
        for (Map.Entry<String, String> expected : byName.entrySet()) {
            String found;
            try {
                found = Sha256.of(folder.resolve(expected.getKey()));
            } catch (NoSuchFileException e) {
                return Optional.of(expected.getKey() + ": expected SHA-256 " + expected.getValue() + ", found no file");
            }
            if (!found.equals(expected.getValue())) {
                return Optional.of(
                        expected.getKey() + ": expected SHA-256 " + expected.getValue() + ", found " + found);
            }
        }
        return Optional.empty();
    }
}
