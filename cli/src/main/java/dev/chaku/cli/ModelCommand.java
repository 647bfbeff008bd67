package dev.chaku.cli;

import picocli.CommandLine.Command;

/** {@code chaku model}: verbs about a model file. */
@Command(
    name = "model",
    description = "Looks at model files.",
    subcommands = {ModelInspectCommand.class},
    footer = {"", "Example:", "  chaku model inspect base.gguf"})
final class ModelCommand extends VerbGroup {}
