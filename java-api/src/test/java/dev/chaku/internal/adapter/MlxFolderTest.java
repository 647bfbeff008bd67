package dev.chaku.internal.adapter;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.ReferenceData;
import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgmlType;
import dev.chaku.internal.arch.DenseShape;
import dev.chaku.internal.arch.FormatMix;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.DecoderSpec;
import dev.chaku.internal.engine.LoraPair;
import dev.chaku.internal.engine.RopeSpec;
import dev.chaku.internal.engine.lookup.Engines;
import dev.chaku.internal.huggingface.JsonFile;
import dev.chaku.internal.huggingface.Safetensors;
import dev.chaku.internal.io.DirectBuffers;
import dev.chaku.internal.io.Sha256;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MlxFolderTest {
    private static final String Q0 = "model.layers.0.self_attn.q_proj";

    @TempDir
    Path temp;

    private final DecoderSpec qwen = Adapters.base("qwen2");

    private Path folder(String config, Safetensors.Source... tensors) throws IOException {
        Files.writeString(temp.resolve("adapter_config.json"), config.replace('\'', '"'));
        Safetensors.write(temp.resolve("adapters.safetensors"), Map.of("format", "mlx"), List.of(tensors));
        return temp;
    }

    private static Safetensors.Source source(String name, float[] values, long... shape) {
        List<Long> sizes = new ArrayList<>();
        for (long size : shape) {
            sizes.add(size);
        }
        return new Safetensors.Source(name, sizes, FloatBuffer.wrap(values));
    }

    /** x A B there is B A x here: both are transposed, and scale is the whole factor. */
    @Test
    void linearModulesAreTransposedAndScaleIsTheFactor() throws IOException {
        LoraPair q = Adapters.pair(qwen, DecoderModule.ATTN_Q, 0, 4, 1);
        Path folder = folder(
                "{'model': 'mlx-community/some', 'lora_parameters': {'rank': 4, 'alpha': 99, 'scale': 20.0, 'dropout': 0.0}}",
                source(Q0 + ".lora_a", Transposed.of(q.a(), 4, 16), 16, 4),
                source(Q0 + ".lora_b", Transposed.of(q.b(), 24, 4), 4, 24));
        AdapterWeights read = PeftAdapters.read(folder, qwen);
        assertEquals(80, read.alpha());
        assertArrayEquals(q.a(), read.pairs().get(0).a());
        assertArrayEquals(q.b(), read.pairs().get(0).b());
        assertEquals("mlx-community/some", read.metadata().requireString("general.base_model.0.name"));
    }

    /** Of an embedding the first matrix is the table. */
    @Test
    void embeddingsAreTablesAndStayAsTheyAre() throws IOException {
        LoraPair table = Adapters.pair(qwen, DecoderModule.TOKEN_EMBEDDING, -1, 2, 3);
        Path folder = folder(
                "{'lora_parameters': {'rank': 2, 'alpha': 4.0}}",
                source("model.embed_tokens.lora_a", table.b(), 30, 2),
                source("model.embed_tokens.lora_b", table.a(), 2, 16));
        AdapterWeights read = PeftAdapters.read(folder, qwen);
        assertEquals(4, read.alpha());
        assertEquals(DecoderModule.TOKEN_EMBEDDING.at(-1), read.pairs().get(0).place());
        assertArrayEquals(table.a(), read.pairs().get(0).a());
        assertArrayEquals(table.b(), read.pairs().get(0).b());
    }

    @Test
    void whatIsNoLoraIsRefusedByName() throws IOException {
        Path folder = folder(
                "{'fine_tune_type': 'dora', 'lora_parameters': {'rank': 2, 'scale': 1.0}}",
                source(Q0 + ".m", new float[24], 24));
        assertEquals(2, FoundAdapter.read(folder).beyond().size());
        String message = assertThrows(BadInputException.class, () -> PeftAdapters.read(folder, qwen))
                .getMessage();
        assertTrue(message.contains("adapter_config.json: fine_tune_type = dora is not supported"), message);
    }

    @Test
    void matricesThatDoNotGoTogetherAreNamed() throws IOException {
        Path folder = folder(
                "{'lora_parameters': {'rank': 2, 'scale': 1.0}}",
                source(Q0 + ".lora_a", new float[32], 16, 2),
                source(Q0 + ".lora_b", new float[72], 3, 24));
        String message = assertThrows(BadInputException.class, () -> FoundAdapter.read(folder))
                .getMessage();
        assertTrue(message.contains(Q0 + ": expected lora_a [inputs, rank] and lora_b [rank, outputs]"), message);
        Files.delete(temp.resolve("adapters.safetensors"));
        folder("{'lora_parameters': {'rank': 2}}", source(Q0 + ".lora_a", new float[32], 16, 2));
        assertTrue(assertThrows(BadInputException.class, () -> FoundAdapter.read(folder))
                .getMessage()
                .contains("lora_parameters.scale expects a number, found nothing"));
    }

    /**
     * A real one of Llama 3 8B with the tensors that Ollama's converter made of it, by hash of their F16 values. Those
     * of values are ours. Of queries Ollama moves the inputs of A and leaves B, where llama.cpp moves the outputs,
     * which are the rows of B: there A must be as it stood, and B be theirs once its rows are moved back.
     */
    @Test
    void aRealOneHasTheTensorsThatAreExpected() throws IOException {
        Path folder = ReferenceData.require("lora/ollama-discollama-mlx");
        DecoderSpec llama = new DenseShape(
                        "llama",
                        RopeSpec.Pairing.ADJACENT,
                        32,
                        4096,
                        32,
                        8,
                        128,
                        14336,
                        64,
                        8192,
                        5e5,
                        false,
                        false,
                        false)
                .spec(FormatMix.F32);
        AdapterWeights read = PeftAdapters.read(folder, llama);
        JsonFile expected = JsonFile.read(folder.resolve("discollama.json"));
        assertEquals(Float.parseFloat(expected.findString("adapter.lora.alpha").orElseThrow()), read.alpha());
        assertEquals(8, read.pairs().size() * 2);
        for (LoraPair pair : read.pairs()) {
            String name = pair.place().name() + ".weight.";
            String a = expected.findString(name + "lora_a").orElseThrow();
            String b = expected.findString(name + "lora_b").orElseThrow();
            if (pair.place().module() == DecoderModule.ATTN_V) {
                assertEquals(a, hash(pair.a()), name + "lora_a");
                assertEquals(b, hash(pair.b()), name + "lora_b");
            } else {
                assertEquals(DecoderModule.ATTN_Q, pair.place().module());
                assertEquals(a, hash(columnsMoved(pair)), name + "lora_a");
                assertEquals(b, hash(rowsMovedBack(pair)), name + "lora_b");
            }
        }
    }

    /** What Ollama does to A: halves of each head's worth of inputs become neighbours. */
    private static float[] columnsMoved(LoraPair pair) {
        float[] moved = new float[pair.a().length];
        for (int r = 0; r < pair.rank(); r++) {
            for (int column = 0; column < pair.inputs(); column++) {
                moved[r * pair.inputs() + column] = pair.a()[r * pair.inputs() + half(column)];
            }
        }
        return moved;
    }

    private static float[] rowsMovedBack(LoraPair pair) {
        float[] moved = new float[pair.b().length];
        for (int row = 0; row < pair.outputs(); row++) {
            System.arraycopy(pair.b(), row * pair.rank(), moved, half(row) * pair.rank(), pair.rank());
        }
        return moved;
    }

    /** Where of a head of 128 stood what is at an index once its halves are interleaved. */
    private static int half(int index) {
        int within = index % 128;
        return index - within + within % 2 * 64 + within / 2;
    }

    private static String hash(float[] values) {
        FloatBuffer floats = DirectBuffers.floats(values.length).put(values).flip();
        ByteBuffer bytes = DirectBuffers.bytes(2 * values.length);
        Engines.codec().quantize(GgmlType.F16, floats, bytes);
        return new Sha256().add(bytes).hex();
    }
}
