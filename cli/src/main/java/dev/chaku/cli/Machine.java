package dev.chaku.cli;

import dev.chaku.DeviceInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** What this machine is, as the operating system tells. */
public final class Machine {
    private Machine() {}

    /** For reports: date, system, Java, processor, cores, the path in use, memory. */
    public static Map<String, Object> describe(DeviceInfo device) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("date", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
        fields.put(
                "os",
                System.getProperty("os.name") + " " + System.getProperty("os.version") + " "
                        + System.getProperty("os.arch"));
        fields.put("java", System.getProperty("java.vendor") + " " + System.getProperty("java.version"));
        fields.put("cpu", value("/proc/cpuinfo", "model name").orElse("unknown"));
        fields.put("cores", Runtime.getRuntime().availableProcessors());
        fields.put("threads", device.threads());
        fields.put("cpu_path", device.device().label());
        fields.put("features", device.features());
        fields.put("memory_bytes", kibibytes("/proc/meminfo", "MemTotal"));
        fields.put("available_bytes", device.availableBytes());
        return fields;
    }

    private static long kibibytes(String file, String key) {
        return value(file, key)
                .map(text -> Long.parseLong(text.replace("kB", "").strip()) * 1024)
                .orElse(0L);
    }

    private static Optional<String> value(String file, String key) {
        try (Stream<String> lines = Files.lines(Path.of(file))) {
            return lines.filter(line -> line.startsWith(key))
                    .findFirst()
                    .map(line -> line.substring(line.indexOf(':') + 1).strip());
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
