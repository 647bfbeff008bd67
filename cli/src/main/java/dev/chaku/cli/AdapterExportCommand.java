package dev.chaku.cli;

import dev.chaku.Adapter;
import dev.chaku.AdapterBase;
import dev.chaku.AdapterFormat;
import dev.chaku.AdapterInspection;
import dev.chaku.BaseMergeReport;
import dev.chaku.BaseMerger;
import dev.chaku.WeightFormat;
import java.nio.file.Path;
import java.util.LinkedHashMap;
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
            "Any adapter that inspect reads can be exported. The base decides the names of modules and the order of rows.",
            "--merged writes a whole model instead, into which it is merged in the base's own formats. That also takes what no",
            "adapter file can say, out of folders of PEFT: DoRA, trained embeddings and output projections."
        },
        footer = {
            "",
            "Examples:",
            "  chaku adapter export runs/1 --format peft --model base.gguf --out my-lora",
            "  chaku adapter export runs/1 --format gguf --model base.gguf --out my-lora.gguf",
            "  chaku adapter export some-dora --merged --model base.gguf --out merged.gguf"
        })
final class AdapterExportCommand extends Verb {
    @Reads
    @Parameters(
            paramLabel = "ADAPTER",
            description = "A GGUF file, the folder of a training, one of PEFT or mlx-lm, or a version of the registry.")
    private String adapter;

    @Option(names = "--format", paramLabel = "NAME", description = "peft: a new folder; gguf: a file.")
    private AdapterFormat format;

    @Option(names = "--merged", description = "A whole model of base and adapter, in place of an adapter.")
    private boolean merged;

    @Option(
            names = "--type",
            paramLabel = "NAME",
            description =
                    "With --merged: the formats of the tensors that change, as for quantize; else they keep theirs.")
    private WeightFormat type;

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
        if (merged == (format != null)) {
            throw usage("expected one of --format and --merged, found " + (merged ? "both" : "neither"));
        }
        requireBeside("--merged", "--type");
        if (format == AdapterFormat.MLX) {
            throw usage("--format: expected peft or gguf, found 'mlx': adapters of mlx-lm are read, not written");
        }
    }

    @Override
    void execute() {
        AdapterBase base = AdapterBase.read(model);
        Path from = registry.locate(adapter, console());
        if (merged) {
            exportMerged(base, from);
            return;
        }
        try (Adapter read = Adapter.read(from, base)) {
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

    private void exportMerged(AdapterBase base, Path from) {
        BaseMerger merger = BaseMerger.into(model).overwrite(overwrite.isSet()).force(true);
        if (type != null) {
            merger.format(type);
        }
        if (AdapterFormat.of(from) == AdapterFormat.PEFT) {
            AdapterInspection.of(from).remarks().forEach(line -> console().note("note: " + line));
            write(merger.add(from));
            return;
        }
        try (Adapter read = Adapter.read(from, base)) {
            force.check(console(), read.fit(base));
            write(merger.add(read, 1));
        }
    }

    private void write(BaseMerger merger) {
        BaseMergeReport report;
        try (FileProgressDisplay display = new FileProgressDisplay(console())) {
            report = merger.write(out, display::show);
        }
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("output", out.toString());
        fields.put("format", "model");
        fields.put("tensors_changed", report.tensors().size());
        fields.put("bytes_written", report.fileBytes());
        result(fields, () -> console()
                .print(out + ": " + Words.count(report.tensors().size(), "tensor") + " changed, "
                        + ProgressLine.bytes(report.fileBytes())));
    }
}
