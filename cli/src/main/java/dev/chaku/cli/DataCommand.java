package dev.chaku.cli;

import picocli.CommandLine.Command;

/** {@code chaku data}: verbs about data sets. */
@Command(
        name = "data",
        description = "Looks at data sets and makes new ones from them; no verb alters a file.",
        subcommands = {
            DataCheckCommand.class,
            DataStatsCommand.class,
            DataPreviewCommand.class,
            DataSplitCommand.class,
            DataConvertCommand.class
        },
        footer = {
            "",
            "Examples:",
            "  chaku data check train.jsonl --model base.gguf        what is wrong with the data, and what training on them takes",
            "  chaku data stats train.jsonl --model base.gguf        what is in them",
            "  chaku data preview train.jsonl --model base.gguf      which tokens are trained",
            "  chaku data split all.jsonl --out parts --test 0.1     train.jsonl and test.jsonl, no prompt in both",
            "  chaku data convert alpaca.json --to chat --out train.jsonl"
        })
final class DataCommand extends VerbGroup {}
