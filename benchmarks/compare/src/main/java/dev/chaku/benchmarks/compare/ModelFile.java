package dev.chaku.benchmarks.compare;

import dev.chaku.RandomModel;
import dev.chaku.WeightFormat;
import dev.chaku.gguf.GgufWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A GGUF file of a shape with random weights and a vocabulary of its size: what all programs of a comparison open. It
 * is made as {@code chaku model new} makes one, and kept: delete it to have it made anew.
 */
final class ModelFile {
    private static final int CONTEXT = 4096;
    private static final long SEED = 1;

    private ModelFile() {}

    /**
     * The file of a shape and a format in a folder; written unless it is there.
     *
     * @param format for instance {@code q4_k_m}
     */
    static Path in(Path folder, PeerShape shape, String format) throws IOException {
        Path file = folder.resolve("random-" + shape.name() + "-" + format + ".gguf");
        if (!Files.exists(file)) {
            Files.createDirectories(folder);
            Path vocabulary = folder.resolve("vocabulary-" + shape.vocabSize() + ".gguf");
            Path config = folder.resolve(shape.name() + ".json");
            GgufWriter writer = GgufWriter.to(vocabulary).overwrite(true);
            PlainVocabulary.put(writer, shape.vocabSize());
            writer.write();
            Files.writeString(config, shape.config(CONTEXT));
            RandomModel.of(config)
                    .tokenizer(vocabulary)
                    .format(WeightFormat.parse(format))
                    .seed(SEED)
                    .write(file);
        }
        return file;
    }
}
