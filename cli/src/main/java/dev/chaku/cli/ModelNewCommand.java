package dev.chaku.cli;

import dev.chaku.ModelConverter;
import dev.chaku.RandomModel;
import dev.chaku.Shape;
import dev.chaku.WeightFormat;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code chaku model new}: a model with random weights. */
@Command(
        name = "new",
        description = {
            "Writes a model with random weights, the same for the same seed: a start for pre-training, or a stand-in.",
            "It has as many tokens as its tokenizer."
        },
        footer = {
            "",
            "Examples:",
            "  chaku model new tiny.gguf --config config.json --tokenizer base.gguf",
            "  chaku model new random.gguf --shape llama-3.2-1b --type q4_k_m --tokenizer base.gguf --seed 7"
        })
final class ModelNewCommand extends Verb {
    @Writes
    @Parameters(index = "0", paramLabel = "OUT", description = "The new GGUF file.")
    private Path out;

    @Option(names = "--shape", paramLabel = "NAME", description = "Sizes of a known model, for instance smollm2-135m.")
    private Shape shape;

    @Reads
    @Option(names = "--config", paramLabel = "FILE", description = "Sizes from a config.json of Hugging Face.")
    private Path config;

    @Option(
            names = "--type",
            defaultValue = "f32",
            paramLabel = "NAME",
            description = "f32 (the default), bf16, q8_0, q4_k_m and others.")
    private WeightFormat type;

    @Reads
    @Option(
            names = "--tokenizer",
            paramLabel = "FROM",
            description = "A GGUF file whose tokenizer to take; by default tokens are bytes.")
    private Path tokenizer;

    @Option(
            names = "--seed",
            defaultValue = "0",
            paramLabel = "N",
            description = "Decides the weights (${DEFAULT-VALUE}).")
    private long seed;

    @Mixin
    private OverwriteOption overwrite;

    @Mixin
    private ThreadsOption threads;

    @Override
    void validate() {
        if ((shape == null) == (config == null)) {
            throw usage("expected --shape or --config, found " + (shape == null ? "neither" : "both"));
        }
    }

    @Override
    void execute() {
        RandomModel model = shape != null ? RandomModel.of(shape) : RandomModel.of(config);
        model.format(type).seed(seed).overwrite(overwrite.isSet()).threads(threads.count());
        if (tokenizer != null) {
            model.tokenizer(tokenizer);
        }
        ModelConverter.Report report;
        try (FileProgressDisplay display = new FileProgressDisplay(console())) {
            report = model.write(out, display::show);
        }
        result(ModelConvertCommand.fields(out, report), () -> console()
                .print(ModelConvertCommand.describe(out, report)));
    }
}
