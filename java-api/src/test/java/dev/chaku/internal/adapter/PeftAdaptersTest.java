package dev.chaku.internal.adapter;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.DecoderSpec;
import dev.chaku.internal.engine.LoraPair;
import dev.chaku.internal.huggingface.Safetensors;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PeftAdaptersTest {
    private static final String Q0 = "base_model.model.model.layers.0.self_attn.q_proj";
    private static final String DOWN1 = "base_model.model.model.layers.1.mlp.down_proj";

    @TempDir
    Path temp;

    private Path folder;
    private final DecoderSpec llama = Adapters.base("llama");
    private final DecoderSpec qwen = Adapters.base("qwen2");

    @BeforeEach
    void makeFolder() throws IOException {
        folder = Files.createDirectory(temp.resolve("peft"));
    }

    private void config(String members) throws IOException {
        Files.writeString(
                folder.resolve("adapter_config.json"),
                "{\"peft_type\":\"LORA\",\"r\":4,\"lora_alpha\":8" + (members.isEmpty() ? "" : "," + members) + "}");
    }

    /** A module's A and B, in Hugging Face's order of rows. */
    private static List<Safetensors.Source> module(String name, LoraPair pair) {
        return List.of(
                new Safetensors.Source(
                        name + ".lora_A.weight",
                        List.of((long) pair.rank(), (long) pair.inputs()),
                        FloatBuffer.wrap(pair.a())),
                new Safetensors.Source(
                        name + ".lora_B.weight",
                        List.of((long) pair.outputs(), (long) pair.rank()),
                        FloatBuffer.wrap(pair.b())));
    }

    @SafeVarargs
    private void tensors(List<Safetensors.Source>... modules) {
        List<Safetensors.Source> all = new ArrayList<>();
        for (List<Safetensors.Source> module : modules) {
            all.addAll(module);
        }
        Safetensors.write(folder.resolve("adapter_model.safetensors"), Map.of("format", "pt"), all);
    }

    private static LoraPair q(DecoderSpec base, int rank) {
        return Adapters.pair(base, DecoderModule.ATTN_Q, 0, rank, 1);
    }

    private static LoraPair down(DecoderSpec base, int rank) {
        return Adapters.pair(base, DecoderModule.FFN_DOWN, 1, rank, 2);
    }

    /** What PEFT would add to a weight, with its scale. */
    private static double[][] delta(LoraPair pair, double scale) {
        DecoderSpec base = Adapters.base("qwen2");
        AdapterWeights one = Adapters.adapter(base, 1, false).withPairs(List.of(pair));
        double[][] delta = Adapters.delta(one, pair);
        for (double[] row : delta) {
            for (int i = 0; i < row.length; i++) {
                row[i] *= scale * pair.rank();
            }
        }
        return delta;
    }

    private static void assertSame(double[][] expected, double[][] found) {
        assertEquals(expected.length, found.length);
        for (int i = 0; i < expected.length; i++) {
            assertArrayEquals(expected[i], found[i], 1e-5);
        }
    }

    @Test
    void readsPlainLora() throws IOException {
        config("");
        tensors(module(Q0, q(qwen, 4)), module(DOWN1, down(qwen, 4)));
        AdapterWeights read = PeftAdapters.read(folder, qwen);
        assertEquals(8, read.alpha());
        assertEquals("qwen2", read.architecture());
        assertEquals(DecoderModule.ATTN_Q.at(0), read.pairs().get(0).place());
        assertArrayEquals(q(qwen, 4).a(), read.pairs().get(0).a());
        assertArrayEquals(q(qwen, 4).b(), read.pairs().get(0).b());
        assertEquals(DecoderModule.FFN_DOWN.at(1), read.pairs().get(1).place());
    }

    @Test
    void valuesThatAreNotFiniteAreRefused() throws IOException {
        config("");
        LoraPair q = q(qwen, 4);
        q.a()[3] = Float.POSITIVE_INFINITY;
        tensors(module(Q0, q), module(DOWN1, down(qwen, 4)));
        String message = assertThrows(BadInputException.class, () -> PeftAdapters.read(folder, qwen))
                .getMessage();
        assertTrue(
                message.contains(
                        "tensor blk.0.attn_q.weight.lora_a: expected finite values, found Infinity at element 3"),
                message);
    }

    /** The converter's reshape(heads, 2, Dh/2).swapaxes(1, 2), written out. */
    @Test
    void reordersQueryAndKeyRowsOfLlama() throws IOException {
        config("");
        LoraPair q = q(llama, 4);
        tensors(module(Q0, q), module(DOWN1, down(llama, 4)));
        AdapterWeights read = PeftAdapters.read(folder, llama);
        float[] b = read.pairs().get(0).b();
        int row = 0;
        for (int head = 0; head < 4; head++) {
            for (int i = 0; i < 3; i++) {
                for (int s = 0; s < 2; s++, row++) {
                    int from = head * 6 + s * 3 + i;
                    for (int r = 0; r < 4; r++) {
                        assertEquals(q.b()[from * 4 + r], b[row * 4 + r]);
                    }
                }
            }
        }
        assertArrayEquals(q.a(), read.pairs().get(0).a());
        assertArrayEquals(down(llama, 4).b(), read.pairs().get(1).b());
    }

    @Test
    void rsLoraOfOneRankIsAnotherAlpha() throws IOException {
        config("\"use_rslora\":true");
        tensors(module(Q0, q(qwen, 4)), module(DOWN1, down(qwen, 4)));
        AdapterWeights read = PeftAdapters.read(folder, qwen);
        assertEquals(16, read.alpha());
        assertArrayEquals(q(qwen, 4).b(), read.pairs().get(0).b());
    }

    @Test
    void rsLoraOfSeveralRanksGoesIntoB() throws IOException {
        config("\"use_rslora\":true,\"rank_pattern\":{\"down_proj\":2}");
        tensors(module(Q0, q(qwen, 4)), module(DOWN1, down(qwen, 2)));
        AdapterWeights read = PeftAdapters.read(folder, qwen);
        assertSame(
                delta(q(qwen, 4), 8 / Math.sqrt(4)),
                Adapters.delta(read, read.pairs().get(0)));
        assertSame(
                delta(down(qwen, 2), 8 / Math.sqrt(2)),
                Adapters.delta(read, read.pairs().get(1)));
    }

    @Test
    void alphaPatternGoesIntoB() throws IOException {
        config("\"alpha_pattern\":{\"layers\\\\.1\\\\..*\":3}");
        tensors(module(Q0, q(qwen, 4)), module(DOWN1, down(qwen, 4)));
        AdapterWeights read = PeftAdapters.read(folder, qwen);
        assertSame(delta(q(qwen, 4), 2), Adapters.delta(read, read.pairs().get(0)));
        assertSame(delta(down(qwen, 4), 0.75), Adapters.delta(read, read.pairs().get(1)));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "'use_dora':true | use_dora = true",
                "'modules_to_save':['embed_tokens'] | modules_to_save",
                "'bias':'all' | bias = all",
                "'init_lora_weights':'pissa_niter_4' | init_lora_weights = pissa_niter_4",
                "'layer_replication':[[0,1]] | layer_replication",
                "'alora_invocation_tokens':[1,2] | alora_invocation_tokens",
                "'fan_in_fan_out':true | fan_in_fan_out",
                "'trainable_token_indices':[1] | trainable_token_indices",
                "'alpha_pattern':{'(':1} | alpha_pattern: expected a regular expression, found '('",
                "'alpha_pattern':{'x':0} | alpha_pattern.x: expected a number above 0, found 0",
                "'lora_alpha':'8' | lora_alpha: expected a number above 0, found 8",
                "'r':null | r: expected a number above 0",
                "'peft_type':'LOHA' | peft_type: expected LORA, found LOHA",
            })
    void refusesByName(String members, String message) throws IOException {
        config(members.replace('\'', '"'));
        tensors(module(Q0, q(qwen, 4)));
        BadInputException e = assertThrows(BadInputException.class, () -> PeftAdapters.read(folder, qwen));
        assertTrue(e.getMessage().contains("adapter_config.json: " + message), e.getMessage());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "base_model.model.model.layers.0.self_attn.q_proj.lora_magnitude_vector",
                "base_model.model.model.embed_tokens.lora_embedding_A",
                "base_model.model.model.embed_tokens.weight",
                "base_model.model.model.layers.0.mlp.experts.0.gate.lora_A.weight",
                "base_model.model.model.layers.0.self_attn.rotary.lora_A.weight",
            })
    void refusesOtherTensorsByName(String name) throws IOException {
        config("");
        tensors(module(Q0, q(qwen, 4)), List.of(new Safetensors.Source(name, List.of(1L), FloatBuffer.allocate(1))));
        BadInputException e = assertThrows(BadInputException.class, () -> PeftAdapters.read(folder, qwen));
        assertTrue(e.getMessage().contains("tensor '" + name + "'"), e.getMessage());
    }

    @Test
    void refusesWhatDoesNotPairUpOrFit() throws IOException {
        config("");
        tensors(module(Q0, q(qwen, 3)));
        assertTrue(assertThrows(BadInputException.class, () -> PeftAdapters.read(folder, qwen))
                .getMessage()
                .contains("expected rank 4 by the configuration, found lora_A [3, 16]"));
        Files.delete(folder.resolve("adapter_model.safetensors"));
        tensors(module(Q0, q(qwen, 4)).subList(0, 1));
        assertTrue(assertThrows(BadInputException.class, () -> PeftAdapters.read(folder, qwen))
                .getMessage()
                .contains("found only lora_A"));
        Files.delete(folder.resolve("adapter_model.safetensors"));
        tensors(module(Q0.replace("layers.0", "layers.7"), q(qwen, 4)));
        assertTrue(assertThrows(BadInputException.class, () -> PeftAdapters.read(folder, qwen))
                .getMessage()
                .contains("blk.7.attn_q.weight.lora_a has no counterpart in a model of 2 layers"));
    }

    @Test
    void aPatternThatNeverEndsIsRefused() throws IOException {
        config("\"rank_pattern\":{\"(([a-z_.0-9]+)*)*X\":4}");
        tensors(module(Q0, q(qwen, 4)));
        BadInputException e = assertThrows(BadInputException.class, () -> PeftAdapters.read(folder, qwen));
        assertTrue(e.getMessage().contains("a pattern takes more than"), e.getMessage());
    }

    @ParameterizedTest
    @CsvSource({"llama, false", "llama, true", "qwen2, true"})
    void readsWhatItWrote(String architecture, boolean mixedRanks) {
        DecoderSpec base = Adapters.base(architecture);
        AdapterWeights adapter = Adapters.adapter(base, 12, mixedRanks);
        Path out = temp.resolve("out");
        PeftAdapters.write(out, adapter, base);
        AdapterWeights read = PeftAdapters.read(out, base);
        assertEquals(12, read.alpha());
        assertEquals(adapter.pairs().size(), read.pairs().size());
        for (LoraPair pair : adapter.pairs()) {
            LoraPair other = read.pairs().stream()
                    .filter(p -> p.place().equals(pair.place()))
                    .findFirst()
                    .orElseThrow();
            assertEquals(pair.rank(), other.rank());
            assertArrayEquals(pair.a(), other.a());
            assertArrayEquals(pair.b(), other.b());
        }
        assertThrows(BadInputException.class, () -> PeftAdapters.write(out, adapter, base));
    }

    @Test
    void namesWholeModulesShortAndOthersInFull() throws IOException {
        Path out = temp.resolve("out");
        PeftAdapters.write(out, Adapters.adapter(qwen, 12, true), qwen);
        String text = Files.readString(out.resolve("adapter_config.json")).replaceAll("\\s+", "");
        assertTrue(
                text.contains(
                        "\"target_modules\":[\"lm_head\",\"q_proj\",\"model.layers.1.self_attn.k_proj\",\"down_proj\"]"),
                text);
        assertTrue(
                text.contains(
                        "\"rank_pattern\":{\"model.layers.0.mlp.down_proj\":2,\"model.layers.1.mlp.down_proj\":3}"),
                text);
        assertTrue(text.contains("\"r\":4,") && text.contains("\"lora_alpha\":12,"), text);
        try (var left = Files.list(temp)) {
            assertEquals(
                    List.of("out", "peft"),
                    left.map(p -> p.getFileName().toString()).sorted().toList());
        }
    }
}
