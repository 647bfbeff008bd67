package dev.chaku.cli;

import picocli.CommandLine.Command;

/** {@code chaku adapter}: verbs about adapters. */
@Command(
        name = "adapter",
        description = "Looks at adapters, exchanges them with other tools and makes others of them.",
        subcommands = {AdapterInspectCommand.class},
        footer = {
            "",
            "Examples:",
            "  chaku adapter inspect runs/1",
        })
final class AdapterCommand extends VerbGroup {}
