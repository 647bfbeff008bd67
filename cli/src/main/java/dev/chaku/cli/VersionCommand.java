package dev.chaku.cli;

import java.util.Map;
import picocli.CommandLine.Command;

/** {@code chaku version}: the same as {@code chaku --version}. */
@Command(
        name = "version",
        description = "Prints the version.",
        footer = {"", "Examples:", "  chaku version", "  chaku version --json"})
final class VersionCommand extends Verb {
    @Override
    void execute() {
        result(Map.of("version", Version.current()), () -> console().print("chaku " + Version.current()));
    }
}
