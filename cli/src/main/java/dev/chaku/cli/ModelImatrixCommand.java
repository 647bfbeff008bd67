package dev.chaku.cli;

import dev.chaku.ImportanceCollector;
import dev.chaku.Model;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code chaku model imatrix}: which columns of a model's matrices matter. */
@Command(
        name = "imatrix",
        description = {
            "Reads a text with a model and notes how large the inputs of every matrix are, column by column.",
            "chaku model quantize --imatrix (and llama-quantize) then keeps errors out of the columns that matter."
        },
        footer = {
            "",
            "Examples:",
            "  chaku model imatrix --model base.gguf --data sample.txt --out imatrix.gguf",
            "  chaku model quantize base.gguf small.gguf --type q3_k_m --imatrix imatrix.gguf"
        })
final class ModelImatrixCommand extends Verb {

    @Reads
    @Option(
            names = "--model",
            required = true,
            paramLabel = "FILE",
            description = "The model, best in F32, F16 or BF16.")
    private Path modelFile;

    @Reads
    @Option(
            names = "--data",
            required = true,
            paramLabel = "FILE",
            description = "Text of the kind that the model is for, UTF-8.")
    private Path data;

    @Writes
    @Option(names = "--out", required = true, paramLabel = "FILE", description = "The new file.")
    private Path out;

    @Option(
            names = "--chunk-tokens",
            defaultValue = "512",
            paramLabel = "N",
            description = "Tokens read at once (${DEFAULT-VALUE}).")
    private int chunkTokens;

    @Option(
            names = "--max-chunks",
            paramLabel = "N",
            description = "Read no more than this; by default the whole text.")
    private Integer maxChunks;

    @Mixin
    private OverwriteOption overwrite;

    @Mixin
    private EngineOptions engine;

    @Override
    void execute() {
        ImportanceCollector.Report report;
        try (Model model = Model.open(modelFile, engine.modelOptions());
                WorkProgress progress = new WorkProgress(console(), "reading chunks")) {
            ImportanceCollector collector =
                    ImportanceCollector.on(model).chunkTokens(chunkTokens).overwrite(overwrite.isSet());
            if (maxChunks != null) {
                collector.mostChunks(maxChunks);
            }
            report = collector.write(data, out, progress::at);
        }
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("output", out.toString());
        fields.put("chunks", report.chunks());
        fields.put("tokens", report.tokens());
        fields.put("tensors", report.tensors());
        result(fields, () -> console()
                .print(out + ": importance of " + Words.count(report.tensors(), "tensor") + " from "
                        + Words.count(report.tokens(), "token") + " in " + Words.count(report.chunks(), "chunk")));
    }
}
