package dev.chaku.cli;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The importance of columns that rounding is to heed, where it is known. */
final class ImportanceOption {
    @Reads
    @Option(
            names = "--imatrix",
            paramLabel = "FILE",
            description = "Importance of columns, by chaku model imatrix or llama-imatrix.")
    private @Nullable Path file;

    /** The file, or null. */
    @Nullable
    Path file() {
        return file;
    }
}
