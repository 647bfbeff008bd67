package dev.chaku.cli;

import picocli.CommandLine.Command;

/** {@code chaku data}: verbs about data sets. */
@Command(
    name = "data",
    description = "Looks at data sets.",
    subcommands = {DataCheckCommand.class},
    footer = {"", "Example:", "  chaku data check train.jsonl --model base.gguf"})
final class DataCommand extends VerbGroup {}
