package dev.chaku.cli;

import picocli.CommandLine.Option;

/** The one option that lets a verb replace files that are there; {@link Outputs} reads it. */
final class OverwriteOption {
    static final String NAME = "--overwrite";

    @Option(names = NAME, description = "Replace the file that is written if it is there; never one that is read.")
    private boolean overwrite;

    boolean isSet() {
        return overwrite;
    }
}
