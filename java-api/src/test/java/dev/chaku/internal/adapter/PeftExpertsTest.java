package dev.chaku.internal.adapter;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgmlType;
import dev.chaku.gguf.GgufMetadata;
import dev.chaku.internal.arch.family.ModelFamilies;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.DecoderSpec;
import dev.chaku.internal.engine.ExpertOptions;
import dev.chaku.internal.engine.LayerOptions;
import dev.chaku.internal.engine.LoraPair;
import dev.chaku.internal.engine.TensorSpec;
import dev.chaku.internal.huggingface.ModuleNames;
import dev.chaku.internal.huggingface.Safetensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PeftExpertsTest {
    private static final int EXPERTS = 3;

    @TempDir
    Path temp;

    /** The small base of {@link Adapters} with experts of 5 in place of its feed-forward. */
    private static DecoderSpec base(String architecture) {
        DecoderSpec dense = Adapters.base(architecture);
        ExpertOptions experts = new ExpertOptions(EXPERTS, 2, 5, 4, ExpertOptions.Gating.SOFTMAX, true, 1);
        List<LayerOptions> layers =
                dense.layers().stream().map(layer -> layer.withExperts(experts)).toList();
        List<TensorSpec> tensors = new ArrayList<>();
        for (TensorSpec tensor : dense.tensors()) {
            if (!List.of(DecoderModule.FFN_GATE, DecoderModule.FFN_UP, DecoderModule.FFN_DOWN)
                    .contains(tensor.place().module())) {
                tensors.add(tensor);
            }
        }
        for (int l = 0; l < layers.size(); l++) {
            add(tensors, DecoderModule.EXPERT_GATE.at(l), EXPERTS * 5, 16);
            add(tensors, DecoderModule.EXPERT_DOWN.at(l), EXPERTS * 16, 5);
            add(tensors, DecoderModule.SHARED_UP.at(l), 4, 16);
        }
        return new DecoderSpec(architecture, dense.contextLength(), dense.decoder(), dense.ropes(), layers, tensors);
    }

    private static void add(List<TensorSpec> tensors, DecoderModule.Place place, long rows, long columns) {
        tensors.add(new TensorSpec(place, TensorSpec.Kind.WEIGHT, GgmlType.F32, rows, columns));
    }

    private static LoraPair pair(DecoderModule module, int layer, int experts, int inputs, int outputs) {
        float[] a = new float[experts * 2 * inputs];
        float[] b = new float[experts * outputs * 2];
        for (int i = 0; i < a.length; i++) {
            a[i] = i + layer;
        }
        for (int i = 0; i < b.length; i++) {
            b[i] = -i - layer;
        }
        return new LoraPair(module.at(layer), experts, 2, inputs, outputs, a, b);
    }

    private static AdapterWeights adapter(String architecture) {
        List<LoraPair> pairs = new ArrayList<>();
        for (int l = 0; l < 2; l++) {
            pairs.add(pair(DecoderModule.ATTN_Q, l, 1, 16, 24));
            pairs.add(pair(DecoderModule.EXPERT_GATE, l, EXPERTS, 16, 5));
        }
        pairs.add(pair(DecoderModule.EXPERT_DOWN, 1, EXPERTS, 5, 16));
        return new AdapterWeights("test", architecture, 4, pairs, new GgufMetadata("test", Map.of()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama", "qwen3moe"})
    void readsWhatItWrote(String architecture) {
        DecoderSpec base = base(architecture);
        Path out = temp.resolve("out");
        PeftAdapters.write(out, adapter(architecture), base);
        AdapterWeights read = PeftAdapters.read(out, base);
        assertEquals(5, read.pairs().size());
        for (LoraPair pair : adapter(architecture).pairs()) {
            LoraPair other = read.pairs().stream()
                    .filter(p -> p.place().equals(pair.place()))
                    .findFirst()
                    .orElseThrow();
            assertEquals(pair.experts(), other.experts());
            assertArrayEquals(pair.a(), other.a());
            assertArrayEquals(pair.b(), other.b());
        }
    }

    @Test
    void namesModulesAsHuggingFaceDoes() throws IOException {
        PeftAdapters.write(temp.resolve("mixtral"), adapter("llama"), base("llama"));
        PeftAdapters.write(temp.resolve("qwen"), adapter("qwen3moe"), base("qwen3moe"));
        Safetensors mixtral = Safetensors.read(temp.resolve("mixtral/adapter_model.safetensors"));
        Safetensors qwen = Safetensors.read(temp.resolve("qwen/adapter_model.safetensors"));
        String layer = "base_model.model.model.layers.1.";
        assertTrue(mixtral.tensors().containsKey(layer + "block_sparse_moe.experts.2.w1.lora_A.weight"));
        assertTrue(mixtral.tensors().containsKey(layer + "block_sparse_moe.experts.0.w2.lora_B.weight"));
        assertEquals(
                List.of(5L, 2L),
                qwen.tensors()
                        .get(layer + "mlp.experts.2.gate_proj.lora_B.weight")
                        .shape());
        String config =
                Files.readString(temp.resolve("qwen/adapter_config.json")).replaceAll("\\s+", "");
        assertTrue(
                config.contains("\"q_proj\",\"experts.0.gate_proj\",\"experts.1.gate_proj\",\"experts.2.gate_proj\""),
                config);
        assertTrue(config.contains("\"model.layers.1.mlp.experts.0.down_proj\""), config);
    }

    @Test
    void anExpertWithoutAPairGetsZeros() {
        LoraPair one = PeftExperts.one(pair(DecoderModule.EXPERT_GATE, 0, EXPERTS, 16, 5), 1);
        PeftExperts.Expert second = new PeftExperts.Expert(one.place(), 1);
        LoraPair stacked =
                PeftExperts.stack("test", Map.of(second, one), base("llama")).get(0);
        assertEquals(EXPERTS, stacked.experts());
        assertArrayEquals(new float[32], Arrays.copyOfRange(stacked.a(), 0, 32));
        assertArrayEquals(one.a(), PeftExperts.one(stacked, 1).a());
        assertArrayEquals(one.b(), PeftExperts.one(stacked, 1).b());
    }

    @Test
    void whatDoesNotFitIsRefused() {
        LoraPair one = PeftExperts.one(pair(DecoderModule.EXPERT_GATE, 0, EXPERTS, 16, 5), 1);
        PeftExperts.Expert beyond = new PeftExperts.Expert(one.place(), EXPERTS);
        assertTrue(assertThrows(
                        BadInputException.class, () -> PeftExperts.stack("test", Map.of(beyond, one), base("llama")))
                .getMessage()
                .contains("expert 3 of blk.0.ffn_gate_exps: expected one of 3 experts"));
        assertTrue(assertThrows(
                        BadInputException.class,
                        () -> PeftAdapters.write(temp.resolve("x"), adapter("gpt-oss"), base("gpt-oss")))
                .getMessage()
                .contains("no modules for the experts of gpt-oss"));
        assertTrue(Files.notExists(temp.resolve("x")));
    }

    @Test
    void readsBothSpellings() {
        ModuleNames qwen = ModelFamilies.modules("qwen2moe");
        assertEquals(
                Optional.of(new PeftExperts.Expert(DecoderModule.EXPERT_UP.at(3), 17)),
                PeftExperts.parse("model.layers.3.block_sparse_moe.experts.17.w3", ModelFamilies.modules("llama")));
        assertEquals(
                Optional.of(new PeftExperts.Expert(DecoderModule.EXPERT_DOWN.at(0), 0)),
                PeftExperts.parse("layers.0.mlp.experts.0.down_proj", qwen));
        assertEquals(Optional.empty(), PeftExperts.parse("model.layers.3.mlp.gate", qwen));
        ModuleNames.Site shared =
                qwen.parse("model.layers.2.mlp.shared_expert.up_proj").orElseThrow();
        assertEquals(
                DecoderModule.SHARED_UP.at(2), shared.modules().get(0).product().at(shared.layer()));
    }
}
