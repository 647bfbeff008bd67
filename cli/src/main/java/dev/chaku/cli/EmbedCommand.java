package dev.chaku.cli;

import dev.chaku.Embedder;
import dev.chaku.Model;
import dev.chaku.ModelOptions;
import dev.chaku.Pooling;
import dev.chaku.TextUse;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code chaku embed}: texts to vectors. */
@Command(
        name = "embed",
        description = "Makes vectors of texts, by an encoder such as BERT or by any model that generates.",
        footer = {
            "",
            "Examples:",
            "  chaku embed --model bge.gguf --text \"Where does the cow live?\" --use query",
            "  chaku embed --model e5.gguf --file texts.jsonl --prefix \"passage: \" --json",
            "  chaku embed --model gemma.gguf --file texts.jsonl --dimensions 256 --json",
            "",
            "A line of the file is a JSON string, or an object with the text under \"text\"."
        })
final class EmbedCommand extends Verb {
    private static final int SHOWN = 6;

    @Reads
    @Option(names = "--model", required = true, paramLabel = "FILE", description = "A GGUF file.")
    private Path model;

    @ArgGroup(multiplicity = "1")
    private Source source;

    private static final class Source {
        @Option(names = "--text", paramLabel = "TEXT", description = "One text.")
        private String text;

        @Reads
        @Option(names = "--file", paramLabel = "F.jsonl", description = "A file with a text a line.")
        private Path file;
    }

    @Option(
            names = "--use",
            defaultValue = "document",
            paramLabel = "query|document",
            description = "What the vectors are for, which decides the prefix that the file says. Default: document.")
    private TextUse use;

    @Option(
            names = "--prefix",
            paramLabel = "TEXT",
            description = "What stands before each text, in place of the file's.")
    private String prefix;

    @Option(
            names = "--pooling",
            paramLabel = "mean|first|last",
            description = "Which tokens' states make the vector, in place of what the file says.")
    private Pooling pooling;

    @Option(
            names = "--dimensions",
            paramLabel = "N",
            description = "Keep the first N numbers, of models that were trained for it.")
    private Integer dimensions;

    @Option(names = "--no-normalize", description = "Vectors as the model gives them, not of the length 1.")
    private boolean plain;

    @Option(names = "--truncate", description = "Cut texts that are longer than the context, which are refused else.")
    private boolean truncate;

    @Mixin
    private EngineOptions engine;

    @Override
    void validate() {
        if (dimensions != null) {
            requireAtLeast(1, "--dimensions", dimensions);
        }
    }

    @Override
    void execute() {
        ModelOptions options = engine.modelOptions();
        List<String> texts = source.text != null ? List.of(source.text) : TextLines.read(source.file);
        try (Model opened = Model.open(model, options);
                Embedder embedder = opened.embedder()) {
            if (prefix != null) {
                embedder.prefix(use, prefix);
            }
            if (pooling != null) {
                embedder.pooling(pooling);
            }
            if (dimensions != null) {
                embedder.dimensions(dimensions);
            }
            embedder.normalized(!plain).truncates(truncate);
            List<float[]> vectors = embedder.embedAll(texts, use);
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("embeddings", vectors);
            fields.put("dimensions", embedder.dimensions());
            result(fields, () -> {
                vectors.forEach(vector -> console().print(beginning(vector)));
                console()
                        .print(Words.count(vectors.size(), "vector") + " of "
                                + Words.count(embedder.dimensions(), "number") + "; --json gives all");
            });
        }
    }

    private static String beginning(float[] vector) {
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < Math.min(SHOWN, vector.length); i++) {
            line.append(String.format(Locale.ROOT, "%8.4f ", vector[i]));
        }
        return line.append(vector.length > SHOWN ? "…" : "").toString();
    }
}
