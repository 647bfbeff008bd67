package dev.chaku.cli;

import dev.chaku.ModelConverter;
import dev.chaku.WeightFormat;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code chaku model convert}: a model as Hugging Face stores it becomes a GGUF file. */
@Command(
        name = "convert",
        description = {
            "Turns a folder of Hugging Face (config.json, safetensors files, tokenizer.json or tokenizer.model) into a GGUF file.",
            "Weights keep their type unless another is given; experts in MXFP4 blocks keep these unless it is f32, f16 or bf16.",
            "Of models that also see, the language model is taken. Memory: a few rows, or one matrix of those stored turned.",
            "A value that the type cannot hold is an error that names it: take bf16 or f32 then.",
            "A class that is not known is refused with the list of those that are."
        },
        footer = {
            "",
            "Examples:",
            "  chaku model convert Qwen2.5-0.5B-Instruct qwen.gguf",
            "  chaku model convert Llama-3.2-1B llama-q8_0.gguf --type q8_0"
        })
final class ModelConvertCommand extends Verb {
    @Reads
    @Parameters(index = "0", paramLabel = "FOLDER", description = "The folder with config.json.")
    private Path folder;

    @Writes
    @Parameters(index = "1", paramLabel = "OUT", description = "The new GGUF file.")
    private Path out;

    @Option(
            names = "--type",
            paramLabel = "NAME",
            description = "f32, f16, bf16, q8_0, q4_k_m and others, as for quantize.")
    private WeightFormat type;

    @Mixin
    private OverwriteOption overwrite;

    @Mixin
    private ThreadsOption threads;

    @Override
    void execute() {
        ModelConverter converter =
                ModelConverter.of(folder).overwrite(overwrite.isSet()).threads(threads.count());
        if (type != null) {
            converter.format(type);
        }
        ModelConverter.Report report;
        try (FileProgressDisplay display = new FileProgressDisplay(console())) {
            report = converter.write(out, display::show);
        }
        if (!report.leftOut().isEmpty()) {
            console().note(leftOut(report.leftOut()));
        }
        Map<String, Object> fields = fields(out, report);
        fields.put("left_out", report.leftOut().size());
        result(fields, () -> console().print(describe(out, report)));
    }

    static Map<String, Object> fields(Path out, ModelConverter.Report report) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("output", out.toString());
        fields.put("architecture", report.architecture());
        fields.put("tensors", report.tensors());
        fields.put("parameters", report.parameters());
        fields.put("file_bytes", report.fileBytes());
        return fields;
    }

    private static String leftOut(List<String> names) {
        String parts = names.stream()
                .map(name -> name.replaceFirst("^model\\.", "").replaceFirst("\\..*", ""))
                .distinct()
                .collect(Collectors.joining(", "));
        return "tensors left out: " + names.size() + " of " + parts + ", without which texts are the same";
    }

    static String describe(Path out, ModelConverter.Report report) {
        return String.format(
                Locale.ROOT,
                "%s: %s, %,d parameters in %d tensors, %s",
                out,
                report.architecture(),
                report.parameters(),
                report.tensors(),
                ProgressLine.bytes(report.fileBytes()));
    }
}
