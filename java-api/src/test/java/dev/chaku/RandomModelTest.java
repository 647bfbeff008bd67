package dev.chaku;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgmlType;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufWriter;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RandomModelTest {
    private static final String QWEN =
            "{\"architectures\": [\"Qwen2ForCausalLM\"], \"hidden_act\": \"silu\", \"hidden_size\": 64, \"intermediate_size\": 96,"
                    + " \"num_hidden_layers\": 2, \"num_attention_heads\": 4, \"num_key_value_heads\": 2, \"max_position_embeddings\": 128,"
                    + " \"rms_norm_eps\": 1e-6, \"rope_theta\": 10000.0, \"tie_word_embeddings\": true, \"vocab_size\": 151936}";

    @TempDir
    Path folder;

    private Path config(String text) throws IOException {
        return Files.writeString(folder.resolve("config.json"), text);
    }

    private Path write(RandomModel model, String name) {
        Path out = folder.resolve(name);
        model.write(out);
        return out;
    }

    @Test
    void theSeedDecidesTheBytesWhateverTheThreads() throws IOException {
        Path config = config(QWEN);
        Path a = write(RandomModel.of(config).seed(5).threads(1), "a.gguf");
        Path b = write(RandomModel.of(config).seed(5).threads(4), "b.gguf");
        Path c = write(RandomModel.of(config).seed(6), "c.gguf");
        assertEquals(-1, Files.mismatch(a, b));
        assertNotEquals(-1, Files.mismatch(a, c));
    }

    @Test
    void aModelOfAConfigAnswersAndHasByteTokens() throws IOException {
        Path out = write(RandomModel.of(config(QWEN)).format(WeightFormat.Q8_0), "m.gguf");
        try (Model model = Model.open(out)) {
            assertEquals("qwen2", model.architecture());
            assertEquals(259, model.vocabSize());
            assertEquals("h\u00e9", model.tokenizer().decode(model.tokenizer().encode("h\u00e9", false, false), false));
            assertTrue(Float.isFinite(model.logits(new int[] {1, 70})[1][3]));
        }
        assertEquals(
                GgmlType.Q8_0,
                GgufFile.read(out).requireTensor("blk.0.ffn_up.weight").type());
    }

    @Test
    void takesATokenizerAndItsSize() throws IOException {
        Path first = write(RandomModel.of(config(QWEN)), "first.gguf");
        Path small = folder.resolve("small.json");
        Files.writeString(small, QWEN.replace("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1"));
        Path second = write(RandomModel.of(small).tokenizer(first), "second.gguf");
        assertEquals(
                GgufFile.read(first).metadata().requireStrings("tokenizer.ggml.tokens"),
                GgufFile.read(second).metadata().requireStrings("tokenizer.ggml.tokens"));
        Path none = folder.resolve("imatrix.gguf");
        GgufWriter.to(none).put("general.type", "model").write();
        assertThrows(BadInputException.class, () -> RandomModel.of(small).tokenizer(none));
    }

    @Test
    void weightsAreNormalOfTheSizeThatTheirRowsAskFor() throws IOException {
        GgufFile file = GgufFile.read(write(RandomModel.of(config(QWEN)), "m.gguf"));
        double[] matrix = moments(file, "blk.1.ffn_gate.weight");
        assertEquals(0, matrix[0], 0.01);
        assertEquals(1 / 8.0, matrix[1], 0.005);
        assertEquals(1, moments(file, "blk.1.attn_norm.weight")[0], 0.06);
        assertEquals(0, moments(file, "blk.1.attn_q.bias")[0], 0.06);
    }

    private static double[] moments(GgufFile file, String name) {
        FloatBuffer values = file.readTensor(file.requireTensor(name)).asFloatBuffer();
        double sum = 0;
        double squares = 0;
        for (int i = 0; i < values.limit(); i++) {
            sum += values.get(i);
            squares += values.get(i) * values.get(i);
        }
        double mean = sum / values.limit();
        return new double[] {mean, Math.sqrt(squares / values.limit() - mean * mean)};
    }

    @Test
    void aKnownShapeIsMadeOfItsOwnSizes() {
        Path out = folder.resolve("shape.gguf");
        ModelConverter.Report report =
                RandomModel.of(Shape.SMOLLM2_135M).format(WeightFormat.Q4_0).write(out);
        assertEquals("llama", report.architecture());
        try (Model model = Model.open(out)) {
            assertEquals(30, model.layers());
            assertEquals(576, model.width());
        }
    }
}
