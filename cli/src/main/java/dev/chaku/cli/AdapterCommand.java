package dev.chaku.cli;

import picocli.CommandLine.Command;

/** {@code chaku adapter}: verbs about adapters. */
@Command(
        name = "adapter",
        description =
                "Looks at adapters, exchanges them with other tools, makes others of them, and keeps their versions.",
        subcommands = {
            AdapterInspectCommand.class,
            AdapterImportCommand.class,
            AdapterExportCommand.class,
            AdapterMergeCommand.class,
            AdapterVerifyCommand.class,
            AdapterRegisterCommand.class,
            AdapterListCommand.class,
            AdapterShowCommand.class,
            AdapterTagCommand.class,
            AdapterPromoteCommand.class,
            AdapterRollbackCommand.class,
            AdapterDiffCommand.class,
            AdapterGcCommand.class,
            AdapterExportCardCommand.class,
        },
        footer = {
            "",
            "Examples:",
            "  chaku adapter inspect runs/1",
            "  chaku adapter import some-lora --model base.gguf --out some-lora.gguf",
            "  chaku adapter export runs/1 --format peft --model base.gguf --out my-lora",
            "  chaku adapter verify --model base.gguf --adapter runs/1 --data test.jsonl",
            "  chaku adapter list",
            "  chaku adapter merge runs/a=0.7 runs/b=0.3 --method svd --out both.gguf",
            "  chaku adapter promote support@3 --require 'eval_loss<1.2' --require verify",
        })
final class AdapterCommand extends VerbGroup {}
