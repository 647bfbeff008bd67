package dev.chaku.cli;

import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code chaku setup}: the launcher of a checkout does it before there is a program; what is installed needs none. */
@Command(
        name = "setup",
        description = "Installs what a build from a checkout needs; the launcher there does it by itself on first use.",
        footer = {"", "Examples:", "  ./chaku setup", "  ./chaku setup --yes"})
final class SetupCommand extends Verb {
    @Option(names = "--yes", description = "Ask nothing.")
    @SuppressWarnings("unused") // the launcher reads it
    private boolean yes;

    @Override
    void execute() {
        result(Map.of("needed", false), () -> console().print("this program is built: nothing needs to be installed"));
    }
}
