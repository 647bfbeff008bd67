package dev.chaku.cli;

import picocli.CommandLine.Option;

/** How many threads a verb computes with. */
final class ThreadsOption {
    @Option(
            names = "--threads",
            defaultValue = "0",
            paramLabel = "N",
            description = "Threads; 0, the default: one per core.")
    private int threads;

    int count() {
        return threads;
    }
}
