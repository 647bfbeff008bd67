package dev.chaku.cli;

import picocli.CommandLine.Command;

/** {@code chaku model}: verbs about a model file. */
@Command(
        name = "model",
        description = "Looks at model files and writes them.",
        subcommands = {
            ModelInspectCommand.class,
            ModelQuantizeCommand.class,
            ModelImatrixCommand.class,
            ModelConvertCommand.class,
            ModelNewCommand.class,
            ModelSplitCommand.class,
            ModelJoinCommand.class
        },
        footer = {
            "",
            "Examples:",
            "  chaku model inspect base.gguf",
            "  chaku model quantize base.gguf out.gguf --type q4_k_m"
        })
final class ModelCommand extends VerbGroup {}
