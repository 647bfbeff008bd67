package dev.chaku.internal.adapter;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgmlType;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufValue;
import dev.chaku.gguf.GgufWriter;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.DecoderSpec;
import dev.chaku.internal.engine.LoraPair;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GgufAdaptersTest {
    @TempDir
    Path folder;

    private final DecoderSpec llama = Adapters.base("llama");

    private GgufWriter lora() {
        return GgufWriter.to(folder.resolve("x.gguf"))
                .overwrite(true)
                .put("general.type", "adapter")
                .put("general.architecture", "llama")
                .put("adapter.type", "lora")
                .put("adapter.lora.alpha", 8f);
    }

    private static GgufWriter f16(GgufWriter writer, String name, long... dims) {
        int n = 1;
        for (long dim : dims) {
            n *= (int) dim;
        }
        ByteBuffer bytes = ByteBuffer.allocateDirect(2 * n).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < n; i++) {
            bytes.putShort(2 * i, (short) (0x3C00 + i));
        }
        return writer.tensor(name, GgmlType.F16, dims, bytes);
    }

    private String refusal(GgufWriter writer) {
        writer.write();
        String message = assertThrows(BadInputException.class, () -> GgufAdapters.read(folder.resolve("x.gguf")))
                .getMessage();
        assertTrue(message.startsWith(folder.resolve("x.gguf").toString()), message);
        return message;
    }

    @Test
    void readsWhatItWrote() {
        AdapterWeights adapter = Adapters.adapter(llama, 12.5f, true);
        Path file = folder.resolve("a.gguf");
        GgufAdapters.write(
                file, "llama", adapter.alpha(), adapter.pairs(), Map.of("chaku.note", GgufValue.of("kept")), false);
        AdapterWeights read = GgufAdapters.read(file);
        assertEquals(12.5f, read.alpha());
        assertEquals("kept", read.metadata().requireString("chaku.note"));
        for (int i = 0; i < adapter.pairs().size(); i++) {
            assertEquals(adapter.pairs().get(i).place(), read.pairs().get(i).place());
            assertArrayEquals(adapter.pairs().get(i).a(), read.pairs().get(i).a());
            assertArrayEquals(adapter.pairs().get(i).b(), read.pairs().get(i).b());
        }
    }

    @Test
    void laysTensorsOutAsLlamaCpp() {
        AdapterWeights adapter = Adapters.adapter(llama, 8, false);
        Path file = folder.resolve("a.gguf");
        GgufAdapters.write(file, "llama", 8, adapter.pairs(), Map.of(), false);
        GgufFile gguf = GgufFile.read(file);
        assertArrayEquals(
                new long[] {16, 4},
                gguf.requireTensor("blk.0.attn_q.weight.lora_a").dims());
        assertArrayEquals(
                new long[] {4, 24},
                gguf.requireTensor("blk.0.attn_q.weight.lora_b").dims());
        assertArrayEquals(
                new long[] {4, 30}, gguf.requireTensor("output.weight.lora_b").dims());
    }

    @Test
    void decodesHalfPrecision() {
        f16(f16(lora(), "blk.0.attn_q.weight.lora_a", 16, 1), "blk.0.attn_q.weight.lora_b", 1, 24)
                .write();
        AdapterWeights read = GgufAdapters.read(folder.resolve("x.gguf"));
        assertEquals(1 + 1 / 1024f, read.pairs().get(0).a()[1]);
        assertEquals(1, read.pairs().get(0).rank());
    }

    @Test
    void refusesWhatIsNoLora() {
        assertTrue(refusal(lora().put("general.type", "model"))
                .contains("key general.type expects \"adapter\", found model"));
        assertTrue(refusal(lora().put("adapter.type", "control")).contains("key adapter.type expects \"lora\""));
        assertTrue(refusal(lora()).contains("found no tensor"));
        assertTrue(refusal(f16(
                        f16(lora().put("adapter.lora.alpha", 0f), "blk.0.attn_q.weight.lora_a", 16, 1),
                        "t.weight.lora_b",
                        1,
                        2))
                .contains("expected a number more than 0, found 0.0"));
    }

    @Test
    void refusesTensorsByName() {
        assertTrue(refusal(f16(lora(), "blk.0.attn_q.weight.lora_a", 16, 1))
                .contains("'blk.0.attn_q.weight.lora_a' has no 'blk.0.attn_q.weight.lora_b'"));
        assertTrue(refusal(f16(f16(lora(), "blk.0.attn_q.weight.lora_a", 16, 2), "blk.0.attn_q.weight.lora_b", 1, 24))
                .contains("expected dims [K, rank] and [rank, N], found [16, 2] and [1, 24]"));
        assertTrue(refusal(f16(f16(lora(), "blk.0.ssm_in.weight.lora_a", 16, 1), "blk.0.ssm_in.weight.lora_b", 1, 24))
                .contains("'blk.0.ssm_in.weight.lora_a': this version adapts no such module"));
        assertTrue(refusal(f16(lora(), "output_norm.weight", 16, 1)).contains("tensor 'output_norm.weight'"));
    }

    /** Whatever happens to the bytes, it is told as bad input or changes a number. */
    @Test
    void survivesFuzzing() throws IOException {
        Path file = folder.resolve("a.gguf");
        GgufAdapters.write(file, "llama", 8, Adapters.adapter(llama, 8, true).pairs(), Map.of(), false);
        byte[] whole = Files.readAllBytes(file);
        Random random = new Random(1);
        for (int round = 0; round < 500; round++) {
            byte[] bytes = round % 4 == 0 ? Arrays.copyOf(whole, random.nextInt(whole.length)) : whole.clone();
            for (int i = 0; round % 4 != 0 && i < 3; i++) {
                bytes[random.nextInt(1200)] = (byte) random.nextInt();
            }
            Files.write(file, bytes);
            try {
                GgufAdapters.read(file).requireFits(llama);
            } catch (BadInputException expected) {
                assertTrue(expected.getMessage().length() > 10);
            }
        }
    }

    @Test
    void refusesAnotherBase() {
        AdapterWeights adapter = Adapters.adapter(llama, 8, false);
        String message = assertThrows(BadInputException.class, () -> adapter.requireFits(Adapters.base("qwen2")))
                .getMessage();
        assertTrue(message.contains("expected architecture qwen2, found llama"), message);
        LoraPair wide = new LoraPair(DecoderModule.ATTN_Q.at(0), 1, 17, 24, new float[17], new float[24]);
        message = assertThrows(BadInputException.class, () -> adapter.withPairs(List.of(wide))
                        .requireFits(llama))
                .getMessage();
        assertTrue(message.contains("blk.0.attn_q.weight expects 16 inputs and 24 outputs, found 17 and 24"), message);
        LoraPair deep = new LoraPair(DecoderModule.ATTN_Q.at(2), 1, 16, 24, new float[16], new float[24]);
        message = assertThrows(BadInputException.class, () -> adapter.withPairs(List.of(deep))
                        .requireFits(llama))
                .getMessage();
        assertTrue(message.contains("blk.2.attn_q.weight.lora_a has no counterpart in a model of 2 layers"), message);
    }

    @Test
    void valuesThatAreNotFiniteAreRefusedBothWays() {
        for (float bad : new float[] {Float.NaN, Float.NEGATIVE_INFINITY}) {
            float[] b = new float[24];
            b[5] = bad;
            LoraPair pair = new LoraPair(DecoderModule.ATTN_Q.at(0), 1, 16, 24, new float[16], b);
            Path out = folder.resolve("out.gguf");
            BadInputException written = assertThrows(
                    BadInputException.class, () -> GgufAdapters.write(out, "llama", 8, List.of(pair), Map.of(), false));
            assertTrue(
                    written.getMessage()
                            .startsWith(out + ": tensor blk.0.attn_q.weight.lora_b: expected finite values, found "
                                    + bad + " at element 5"),
                    written.getMessage());
            assertFalse(Files.exists(out));
            ByteBuffer bytes = ByteBuffer.allocate(4 * 24).order(ByteOrder.LITTLE_ENDIAN);
            bytes.asFloatBuffer().put(b);
            String read = refusal(lora().tensor(
                            "blk.0.attn_q.weight.lora_a", GgmlType.F32, new long[] {16, 1}, ByteBuffer.allocate(4 * 16))
                    .tensor("blk.0.attn_q.weight.lora_b", GgmlType.F32, new long[] {1, 24}, bytes));
            assertTrue(read.contains("tensor blk.0.attn_q.weight.lora_b: expected finite values, found " + bad), read);
        }
    }
}
