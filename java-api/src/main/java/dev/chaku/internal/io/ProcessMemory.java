package dev.chaku.internal.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;

/** What the system says of this process's memory. */
public final class ProcessMemory {
    private static final Path STATUS = Path.of("/proc/self/status");

    private static final Path MAPPINGS = Path.of("/proc/self/smaps");
    /** The line that begins what is said of a mapping: its addresses. */
    private static final Pattern MAPPING = Pattern.compile("[0-9a-f]+-[0-9a-f]+ ");

    private ProcessMemory() {}

    /** Most memory that the process has held, mapped files included; 0 where the system does not tell. */
    public static long peakBytes() {
        try {
            for (String line : Files.readAllLines(STATUS)) {
                if (line.startsWith("VmHWM:")) {
                    return Long.parseLong(line.replaceAll("[^0-9]", "")) << 10;
                }
            }
        } catch (IOException e) {
            // Not Linux.
        }
        return 0;
    }

    /**
     * Memory that the process holds now, but for model files that it has mapped: their pages are shared, and given back
     * when others want them. 0 where the system does not tell.
     */
    public static long residentBytes() {
        long kibibytes = 0;
        boolean counted = true;
        try {
            for (String line : Files.readAllLines(MAPPINGS)) {
                if (MAPPING.matcher(line).lookingAt()) {
                    counted = !line.endsWith(".gguf");
                } else if (counted && line.startsWith("Rss:")) {
                    kibibytes += Long.parseLong(line.replaceAll("[^0-9]", ""));
                }
            }
        } catch (IOException e) {
            // Not Linux.
        }
        return kibibytes << 10;
    }
}
