package dev.chaku;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The packages that the module exports to everybody, as its descriptor's source says. */
final class ExportedPackages {
    private static final Pattern EXPORTS = Pattern.compile("exports\\s+([\\w.]+)\\s*;");

    private ExportedPackages() {}

    static List<String> names() throws IOException {
        Matcher exports = EXPORTS.matcher(Files.readString(Path.of("src/main/java/module-info.java")));
        return exports.results().map(each -> each.group(1)).sorted().toList();
    }
}
