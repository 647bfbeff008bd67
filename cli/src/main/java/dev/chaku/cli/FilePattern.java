package dev.chaku.cli;

import dev.chaku.errors.BadInputException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystems;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.List;
import java.util.stream.Stream;

/**
 * Patterns of file names as shells have them, for those that a shell was kept from reading: {@code *}, {@code ?},
 * {@code [ab]}, and {@code **} for any folders.
 */
final class FilePattern {
    private FilePattern() {}

    /** Whether a path has signs of a pattern. */
    static boolean isOne(Path path) {
        return hasSigns(path.toString());
    }

    private static boolean hasSigns(String text) {
        return text.chars().anyMatch(c -> c == '*' || c == '?' || c == '[');
    }

    /**
     * The files that fit, in the order of their names. Hidden ones fit where the pattern names them.
     *
     * @throws BadInputException if there is none, or the signs make no pattern
     */
    static List<Path> files(Path pattern) {
        int plain = 0;
        while (!hasSigns(pattern.getName(plain).toString())) {
            plain++;
        }
        Path root = pattern.isAbsolute() ? pattern.getRoot() : Path.of("");
        Path base = plain == 0 ? root : root.resolve(pattern.subpath(0, plain));
        int depth = pattern.toString().contains("**") ? Integer.MAX_VALUE : pattern.getNameCount() - plain;
        PathMatcher matcher = matcher(pattern);
        boolean hidden = pattern.getFileName().toString().startsWith(".");
        if (!Files.isDirectory(base.toAbsolutePath())) {
            throw none(pattern);
        }
        try (Stream<Path> all = Files.walk(base, depth, FileVisitOption.FOLLOW_LINKS)) {
            List<Path> files = all.filter(file -> matcher.matches(file) && !Files.isDirectory(file))
                    .filter(file -> hidden || !file.getFileName().toString().startsWith("."))
                    .sorted()
                    .toList();
            if (files.isEmpty()) {
                throw none(pattern);
            }
            return files;
        } catch (IOException | UncheckedIOException e) {
            throw new BadInputException(pattern + ": the folders of the pattern cannot be read", e);
        }
    }

    private static PathMatcher matcher(Path pattern) {
        String plain =
                pattern.toString().replace("\\", "\\\\").replace("{", "\\{").replace("}", "\\}");
        try {
            return FileSystems.getDefault().getPathMatcher("glob:" + plain);
        } catch (IllegalArgumentException e) {
            throw new BadInputException(
                    pattern + ": expected a file or a pattern, found no such file and brackets that do not close", e);
        }
    }

    private static BadInputException none(Path pattern) {
        return new BadInputException(pattern + ": expected files that fit the pattern, found none");
    }
}
