package dev.chaku;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufTensor;
import dev.chaku.internal.arch.FormatMix;
import dev.chaku.internal.huggingface.Safetensors;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What no adapter file can say is merged: DoRA, saved modules, trained tokens. Compared with float64. */
class WholeMergeTest {
    private static final String PREFIX = "base_model.model.model.";
    private static final int RANK = 3;
    private static final double SCALE = 2;

    @TempDir
    Path temp;

    private Path folder;
    private final Random random = new Random(4);
    private final List<Safetensors.Source> tensors = new ArrayList<>();

    @BeforeEach
    void make() throws IOException {
        folder = Files.createDirectory(temp.resolve("peft"));
    }

    private float[] add(String name, int rows, int columns) {
        float[] values = new float[rows * columns];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (0.1 * random.nextGaussian());
        }
        return put(name, values, rows, columns);
    }

    private float[] put(String name, float[] values, long... shape) {
        tensors.add(new Safetensors.Source(
                PREFIX + name, Arrays.stream(shape).boxed().toList(), FloatBuffer.wrap(values)));
        return values;
    }

    private GgufFile merged(Path base, String members) throws IOException {
        Files.writeString(
                folder.resolve("adapter_config.json"),
                ("{'peft_type':'LORA','r':" + RANK + ",'lora_alpha':" + SCALE * RANK + members + "}")
                        .replace('\'', '"'));
        Safetensors.write(folder.resolve("adapter_model.safetensors"), Map.of(), tensors);
        Path out = temp.resolve("merged.gguf");
        BaseMerger.into(base).add(folder).write(out);
        return GgufFile.read(out);
    }

    private static float[] values(GgufFile file, String name) {
        GgufTensor tensor = file.requireTensor(name);
        float[] values = new float[(int) tensor.elements()];
        file.readTensor(tensor).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
        return values;
    }

    /** m * (W + s B A) / its length, row by row, of rows that stand in llama's order in the file. */
    @Test
    void doraGivesEachRowItsLength() throws IOException {
        Path base = TinyModel.write(temp.resolve("b.gguf"), TinyModel.llama(), FormatMix.F32, 1);
        String q = "layers.1.self_attn.q_proj.";
        float[] a = add(q + "lora_A.weight", RANK, 64);
        float[] b = add(q + "lora_B.weight", 64, RANK);
        float[] lengths = new float[64];
        for (int i = 0; i < 64; i++) {
            lengths[i] = 1 + i / 64f;
        }
        put(q + "lora_magnitude_vector.weight", lengths, 64);
        GgufFile file = merged(base, ",'use_dora':true");
        GgufFile before = GgufFile.read(base);
        float[] was = values(before, "blk.1.attn_q.weight");
        float[] is = values(file, "blk.1.attn_q.weight");
        for (int row = 0; row < 64; row++) {
            int within = row % 16;
            int there = row - within + within % 2 * 8 + within / 2;
            double[] sum = new double[64];
            double squares = 0;
            for (int k = 0; k < 64; k++) {
                sum[k] = was[row * 64 + k];
                for (int r = 0; r < RANK; r++) {
                    sum[k] += SCALE * b[there * RANK + r] * a[r * 64 + k];
                }
                squares += sum[k] * sum[k];
            }
            for (int k = 0; k < 64; k++) {
                assertEquals(lengths[there] * sum[k] / Math.sqrt(squares), is[row * 64 + k], 1e-6);
            }
        }
        assertArrayEquals(values(before, "blk.1.attn_k.weight"), values(file, "blk.1.attn_k.weight"));
    }

    /** What says that it is DoRA and has no magnitudes would be merged as something else. */
    @Test
    void doraWithoutItsMagnitudesIsRefused() throws IOException {
        Path base = TinyModel.write(temp.resolve("b.gguf"), TinyModel.llama(), FormatMix.F32, 1);
        for (String module : List.of("q", "k")) {
            add("layers.1.self_attn." + module + "_proj.lora_A.weight", RANK, 64);
            add("layers.1.self_attn." + module + "_proj.lora_B.weight", module.equals("q") ? 64 : 32, RANK);
        }
        put("layers.1.self_attn.q_proj.lora_magnitude_vector.weight", new float[64], 64);
        String message = assertThrows(BadInputException.class, () -> merged(base, ",'use_dora':true"))
                .getMessage();
        assertTrue(message.contains("layers.1.self_attn.k_proj without lora_magnitude_vector"), message);
    }

    /** A trained embedding of a tied model leaves the output projection as it was. */
    @Test
    void aSavedEmbeddingTakesThePlaceOfTheBases() throws IOException {
        Path base = TinyModel.write(temp.resolve("b.gguf"), TinyModel.llama(), FormatMix.F32, 1);
        float[] embedding = add("embed_tokens.weight", TinyModel.VOCAB, 64);
        GgufFile file = merged(base, ",'modules_to_save':['embed_tokens']");
        assertArrayEquals(embedding, values(file, "token_embd.weight"));
        assertArrayEquals(values(GgufFile.read(base), "token_embd.weight"), values(file, "output.weight"));
        try (Model model = Model.open(temp.resolve("merged.gguf"))) {
            assertEquals(TinyModel.VOCAB, model.logits(new int[] {1, 5})[1].length);
        }
    }

    /** Trained tokens of a tied model are those of both ends. */
    @Test
    void trainedTokensTakeThePlaceOfTheirRows() throws IOException {
        Path base = TinyModel.write(temp.resolve("b.gguf"), TinyModel.llama(), FormatMix.F32, 1);
        float[] rows = add("embed_tokens.token_adapter.trainable_tokens_delta", 2, 64);
        GgufFile file = merged(base, ",'trainable_token_indices':[200,7]");
        float[] expected = values(GgufFile.read(base), "token_embd.weight");
        System.arraycopy(rows, 0, expected, 200 * 64, 64);
        System.arraycopy(rows, 64, expected, 7 * 64, 64);
        assertArrayEquals(expected, values(file, "token_embd.weight"));
        assertArrayEquals(expected, values(file, "output.weight"));
    }

    @Test
    void anEmbeddingOfAnotherVocabularyIsRefused() throws IOException {
        Path base = TinyModel.write(temp.resolve("b.gguf"), TinyModel.llama(), FormatMix.F32, 1);
        add("embed_tokens.weight", TinyModel.VOCAB + 1, 64);
        String message = assertThrows(
                        BadInputException.class, () -> merged(base, ",'modules_to_save':['embed_tokens']"))
                .getMessage();
        assertTrue(message.contains("adapter for another base: expected 259 rows of 64, found [260, 64]"), message);
    }

    @Test
    void otherWholeModulesAreRefusedByName() throws IOException {
        Path base = TinyModel.write(temp.resolve("b.gguf"), TinyModel.llama(), FormatMix.F32, 1);
        add("layers.0.mlp.up_proj.weight", 96, 64);
        String message = assertThrows(BadInputException.class, () -> merged(base, ",'modules_to_save':['up_proj']"))
                .getMessage();
        assertTrue(message.contains("expected model.embed_tokens or lm_head, which can be taken whole"), message);
    }
}
