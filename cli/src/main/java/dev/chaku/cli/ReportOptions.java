package dev.chaku.cli;

import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Option;

/** What a training's report is asked for. */
final class ReportOptions {
    static final String NAME = "--report";

    @Writes
    @Option(
            names = NAME,
            paramLabel = "FILE",
            description =
                    "Write an HTML page that needs nothing else: curves, settings, memory, warnings, and answers to four examples before, on the way and at the end, for which the training waits.")
    private Path file;

    @Reads
    @Option(
            names = "--general-data",
            paramLabel = "FILE",
            description =
                    "For the report: texts that have nothing to do with the task, to see whether the base forgets.")
    private List<String> generalData = List.of();

    boolean isGiven() {
        return file != null;
    }

    Path file() {
        return file;
    }

    List<String> generalData() {
        return generalData;
    }
}
