package dev.chaku.cli;

import dev.chaku.ImportanceCollector;
import dev.chaku.Model;
import dev.chaku.ModelOptions;
import dev.chaku.QuantizationPlan;
import dev.chaku.QuantizationReport;
import dev.chaku.Quantizer;
import dev.chaku.WeightFormat;
import dev.chaku.gguf.GgmlType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code chaku model quantize}: a model's weights in other formats. */
@Command(
        name = "quantize",
        description = {
            "Writes a GGUF model with its weights in other formats.",
            "Each tensor gets the format that llama.cpp's quantizer gives it for the same type. Memory: a few rows.",
            "A value that a format cannot hold is an error that names it: give its tensor a wider one with --tensor-type."
        },
        footer = {
            "",
            "Types: f32 f16 bf16 q8_0 q4_0 q4_1 q5_0 q5_1 q2_k q2_k_s q3_k_s q3_k_m q3_k_l q4_k_s q4_k_m q5_k_s q5_k_m q6_k",
            "iq4_nl iq4_xs mxfp4_moe. Q4_K_M is a good first choice; Q8_0 is nearly exact.",
            "",
            "Examples:",
            "  chaku model quantize base.gguf base-q4_k_m.gguf --type q4_k_m",
            "  chaku model quantize base.gguf out.gguf --type q4_k_m --tensor-type 'ffn_down=q6_k' --measure",
            "  chaku model quantize base.gguf --type q3_k_m --dry-run"
        })
final class ModelQuantizeCommand extends Verb {
    @Reads
    @Parameters(index = "0", paramLabel = "IN", description = "The model, best in F32, F16 or BF16.")
    private Path in;

    @Writes
    @Parameters(index = "1", arity = "0..1", paramLabel = "OUT", description = "The new file.")
    private Path out;

    @Option(names = "--type", required = true, paramLabel = "NAME", description = "The mix of formats.")
    private WeightFormat type;

    @Option(names = "--pure", description = "One format for all matrices, output and embedding included.")
    private boolean pure;

    @Option(
            names = "--tensor-type",
            paramLabel = "REGEX=TYPE",
            description =
                    "A format for the tensors in whose name the expression is found; may be repeated, the first counts.")
    private List<String> tensorTypes = List.of();

    @Option(names = "--output-tensor-type", paramLabel = "TYPE", description = "Format of the output projection.")
    private String outputType;

    @Option(names = "--token-embedding-type", paramLabel = "TYPE", description = "Format of the token embedding.")
    private String embeddingType;

    @Mixin
    private ImportanceOption importance;

    @Reads
    @Option(
            names = "--imatrix-data",
            paramLabel = "FILE",
            description = "Collect the importance from this text first, as chaku model imatrix does.")
    private Path importanceData;

    @Option(names = "--allow-requantize", description = "Take a model that is quantized already; errors add up.")
    private boolean allowRequantize;

    @Option(names = "--dry-run", description = "Show what each tensor would become, and write nothing.")
    private boolean dryRun;

    @Option(names = "--measure", description = "Decode again and tell the error.")
    private boolean measure;

    @Mixin
    private OverwriteOption overwrite;

    @Mixin
    private ThreadsOption threads;

    @Override
    void validate() {
        if (importanceData != null && (importance.file() != null || dryRun)) {
            throw usage("--imatrix-data: expected neither --imatrix nor --dry-run beside it");
        }
        if (dryRun == (out != null)) {
            throw usage(dryRun ? "--dry-run writes nothing: expected no OUT" : "expected OUT, the new file");
        }
        refuseBeside("--dry-run", "--measure", "--overwrite");
    }

    @Override
    void execute() throws IOException {
        Quantizer quantizer = Quantizer.of(in, type)
                .pure(pure)
                .allowRequantize(allowRequantize)
                .measure(measure)
                .overwrite(overwrite.isSet())
                .threads(threads.count());
        tensorTypes.forEach(rule -> addRule(quantizer, rule));
        if (outputType != null) {
            quantizer.outputType(tensorType("--output-tensor-type", outputType));
        }
        if (embeddingType != null) {
            quantizer.embeddingType(tensorType("--token-embedding-type", embeddingType));
        }
        if (importance.file() != null) {
            quantizer.importance(importance.file());
        }
        if (dryRun) {
            QuantizationPlan plan = quantizer.plan();
            noteIdleImportance(plan);
            result(fields(plan, null, null), () -> print(plan));
        } else if (importanceData != null) {
            writeWithImportanceOf(quantizer);
        } else {
            write(quantizer);
        }
    }

    private void writeWithImportanceOf(Quantizer quantizer) throws IOException {
        Path matrix = Files.createTempFile("chaku-imatrix", ".gguf");
        try {
            try (Model model = Model.open(in, ModelOptions.defaults().withThreads(threads.count()));
                    WorkProgress progress = new WorkProgress(console(), "reading chunks for the importance")) {
                ImportanceCollector.on(model).overwrite(true).write(importanceData, matrix, progress::at);
            }
            quantizer.importance(matrix);
            write(quantizer);
        } finally {
            Files.deleteIfExists(matrix);
        }
    }

    private void write(Quantizer quantizer) {
        long start = System.nanoTime();
        QuantizationReport report;
        try (FileProgressDisplay display = new FileProgressDisplay(console())) {
            report = quantizer.write(out, display::show);
        }
        Duration elapsed = Duration.ofNanos(System.nanoTime() - start);
        noteIdleImportance(report.plan());
        result(fields(report.plan(), report, elapsed), () -> print(report, elapsed));
    }

    private void noteIdleImportance(QuantizationPlan plan) {
        if ((importance.file() != null || importanceData != null)
                && plan.tensors().stream().noneMatch(QuantizationPlan.Tensor::weighted)) {
            console()
                    .note("note: " + (importance.file() != null ? "--imatrix" : "--imatrix-data")
                            + " has no effect: it is of none of the tensors that are encoded in blocks");
        }
    }

    private void addRule(Quantizer quantizer, String rule) {
        int equals = rule.lastIndexOf('=');
        if (equals < 1) {
            throw usage("--tensor-type: expected REGEX=TYPE, got " + rule);
        }
        try {
            quantizer.tensorType(
                    Pattern.compile(rule.substring(0, equals)),
                    tensorType("--tensor-type", rule.substring(equals + 1)));
        } catch (PatternSyntaxException e) {
            throw usage("--tensor-type " + rule + ": no regular expression: " + e.getDescription());
        }
    }

    private GgmlType tensorType(String option, String name) {
        return Arrays.stream(GgmlType.values())
                .filter(known -> known.name().equalsIgnoreCase(name))
                .findFirst()
                .orElseThrow(() -> usage(
                        option + ": unknown tensor type " + name + "; known are f16, q8_0, q4_k, q6_k and others"));
    }

    private Map<String, Object> fields(
            QuantizationPlan plan, @Nullable QuantizationReport report, @Nullable Duration elapsed) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("input", in.toString());
        fields.put("type", plan.format().label());
        if (report != null) {
            fields.put("output", out.toString());
            fields.put("file_bytes", report.fileBytes());
        }
        fields.put("bytes_before", plan.bytesBefore());
        fields.put("bytes_after", plan.bytesAfter());
        fields.put("bits_per_weight", plan.bitsPerWeight());
        Map<String, Object> types = new LinkedHashMap<>();
        plan.shares()
                .forEach((format, share) ->
                        types.put(format.name(), Map.of("tensors", share.tensors(), "bytes", share.bytes())));
        fields.put("types", types);
        if (report != null && report.relativeError().isPresent()) {
            fields.put("relative_rmse", report.relativeError().getAsDouble());
        }
        if (elapsed != null) {
            fields.put("seconds", elapsed.toMillis() / 1000.0);
        } else {
            fields.put(
                    "tensors",
                    plan.tensors().stream().map(ModelQuantizeCommand::describe).toList());
        }
        return fields;
    }

    private static Map<String, Object> describe(QuantizationPlan.Tensor tensor) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("name", tensor.name());
        fields.put("dims", tensor.dims());
        fields.put("from", tensor.from().name());
        fields.put("to", tensor.to().name());
        fields.put("fell_back", tensor.fellBack());
        fields.put("weighted", tensor.weighted());
        fields.put("bytes_before", tensor.bytesBefore());
        fields.put("bytes_after", tensor.bytesAfter());
        return fields;
    }

    private void print(QuantizationPlan plan) {
        for (QuantizationPlan.Tensor tensor : plan.tensors()) {
            console()
                    .print(String.format(
                            Locale.ROOT,
                            "%-40s %-20s %6s -> %-6s %10s -> %-10s%s",
                            tensor.name(),
                            Arrays.toString(tensor.dims()),
                            tensor.from(),
                            tensor.to(),
                            ProgressLine.bytes(tensor.bytesBefore()),
                            ProgressLine.bytes(tensor.bytesAfter()),
                            tensor.fellBack() ? " (its rows fit no other)" : ""));
        }
        printTotal(plan);
    }

    private void print(QuantizationReport report, Duration elapsed) {
        printTotal(report.plan());
        report.relativeError().ifPresent(error -> console()
                .print(String.format(Locale.ROOT, "root-mean-square error %.4f %% of the values", 100 * error)));
        console()
                .print(out + ": " + ProgressLine.bytes(report.fileBytes()) + ", written in "
                        + ProgressLine.duration(elapsed));
    }

    private void printTotal(QuantizationPlan plan) {
        plan.shares().forEach((format, share) -> console()
                .print(String.format(
                        Locale.ROOT,
                        "  %-8s %4d tensors, %s",
                        format,
                        share.tensors(),
                        ProgressLine.bytes(share.bytes()))));
        console()
                .print(String.format(
                        Locale.ROOT,
                        "%s -> %s, %.2f bits per weight",
                        ProgressLine.bytes(plan.bytesBefore()),
                        ProgressLine.bytes(plan.bytesAfter()),
                        plan.bitsPerWeight()));
    }
}
