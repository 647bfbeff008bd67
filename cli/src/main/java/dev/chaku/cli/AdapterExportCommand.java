package dev.chaku.cli;

import dev.chaku.Adapter;
import dev.chaku.AdapterBase;
import dev.chaku.AdapterFormat;
import java.nio.file.Path;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code chaku adapter export}: an adapter becomes what another tool reads. */
@Command(
        name = "export",
        description = {
            "Writes an adapter for another tool: a folder that Hugging Face's PEFT loads, or a GGUF LoRA file for llama.cpp.",
            "Any adapter that inspect reads can be exported. The base decides the names of modules and the order of rows."
        },
        footer = {
            "",
            "Examples:",
            "  chaku adapter export runs/1 --format peft --model base.gguf --out my-lora",
            "  chaku adapter export runs/1 --format gguf --model base.gguf --out my-lora.gguf"
        })
final class AdapterExportCommand extends Verb {
    @Reads
    @Parameters(
            paramLabel = "ADAPTER",
            description = "A GGUF file, the folder of a training, one of PEFT or mlx-lm, or a version of the registry.")
    private String adapter;

    @Option(names = "--format", required = true, paramLabel = "NAME", description = "peft: a new folder; gguf: a file.")
    private AdapterFormat format;

    @Reads
    @Option(names = "--model", required = true, paramLabel = "FILE", description = "The base, a GGUF file.")
    private Path model;

    @Writes
    @Option(names = "--out", required = true, paramLabel = "DIR|FILE", description = "The new folder or file.")
    private Path out;

    @Mixin
    private AdapterBases.Force force;

    @Mixin
    private OverwriteOption overwrite;

    @Mixin
    private RegistryOption registry;

    @Override
    void validate() {
        if (format == AdapterFormat.MLX) {
            throw usage("--format: expected peft or gguf, found 'mlx': adapters of mlx-lm are read, not written");
        }
    }

    @Override
    void execute() {
        AdapterBase base = AdapterBase.read(model);
        try (Adapter read = Adapter.read(registry.locate(adapter, console()), base)) {
            force.check(console(), read.fit(base));
            read.remarks().forEach(line -> console().note("note: " + line));
            if (format == AdapterFormat.PEFT) {
                read.savePeft(out, base);
            } else {
                read.save(out, overwrite.isSet());
            }
            Map<String, Object> fields = AdapterImportCommand.fields(out, read);
            fields.put("format", format.label());
            result(fields, () -> console().print(AdapterImportCommand.describe(out, read)));
        }
    }
}
