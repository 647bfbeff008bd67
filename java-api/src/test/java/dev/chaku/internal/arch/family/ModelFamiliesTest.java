package dev.chaku.internal.arch.family;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.TinyModel;
import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgmlType;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufValue;
import dev.chaku.gguf.GgufWriter;
import dev.chaku.internal.arch.DenseShape;
import dev.chaku.internal.arch.FormatMix;
import dev.chaku.internal.arch.RopeScaling;
import dev.chaku.internal.engine.DecoderSpec;
import dev.chaku.internal.engine.LayerOptions;
import dev.chaku.internal.engine.TensorSpec;
import dev.chaku.internal.io.DirectBuffers;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ModelFamiliesTest {
    @TempDir
    Path folder;

    static Stream<DenseShape> shapes() {
        return Stream.of(TinyModel.llama(), TinyModel.qwen2(), TinyModel.qwen3());
    }

    /** A model file of this shape, without some tensors, with other key values or more tensors. */
    private GgufFile file(DenseShape shape, Predicate<TensorSpec> kept, Consumer<GgufWriter> changes) {
        Path path = folder.resolve("model.gguf");
        GgufWriter writer = GgufWriter.to(path).overwrite(true);
        TinyModel.metadata(writer, shape);
        changes.accept(writer);
        Random random = new Random(1);
        shape.spec(FormatMix.F32).tensors().stream()
                .filter(kept)
                .forEach(tensor -> TinyModel.addRandom(writer, tensor, random));
        writer.write();
        return GgufFile.read(path);
    }

    private GgufFile llama(Consumer<GgufWriter> changes) {
        return file(TinyModel.llama(), tensor -> true, changes);
    }

    private static Consumer<GgufWriter> tensor(String name, long... dims) {
        ByteBuffer data = DirectBuffers.bytes(Math.toIntExact(GgmlType.F32.tensorBytes(dims)));
        return writer -> writer.tensor(name, GgmlType.F32, dims, data);
    }

    private static void assertRefused(GgufFile file, String... named) {
        String message = assertThrows(BadInputException.class, () -> ModelFamilies.map(file))
                .getMessage();
        for (String name : named) {
            assertTrue(message.contains(name), () -> "expected '" + name + "' in: " + message);
        }
        assertTrue(message.contains("model.gguf"), message);
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void readsWhatAShapeWasWrittenAs(DenseShape shape) {
        DecoderSpec expected = shape.spec(FormatMix.F32);
        DecoderSpec found = ModelFamilies.map(file(shape, tensor -> true, writer -> {}));
        assertEquals(expected.decoder(), found.decoder());
        assertEquals(expected.layers(), found.layers());
        assertEquals(expected.contextLength(), found.contextLength());
        assertEquals(expected.parameters(), found.parameters());
        assertEquals(List.copyOf(expected.tensors()).size(), found.tensors().size());
        assertEquals(expected.ropes().get(0).pairing(), found.ropes().get(0).pairing());
    }

    @Test
    void anUnknownArchitectureIsNamedWithTheKnownOnes() {
        assertRefused(llama(w -> w.put("general.architecture", "mamba")), "mamba", "llama, qwen2, qwen3");
    }

    @Test
    void whatIsNoWholeModelIsRefused() {
        assertRefused(llama(w -> w.put("general.type", "adapter")), "general.type", "adapter");
    }

    @Test
    void aKeyThatIsNotUnderstoodIsRefused() {
        assertRefused(llama(w -> w.put("llama.logit_scale", 0.5f)), "llama.logit_scale", "0.5");
    }

    @Test
    void keysOfOthersAndHarmlessKeysAreNot() {
        ModelFamilies.map(llama(
                w -> w.put("llama.vocab_size", 99).put("llama.expert_count", 0).put("qwen2.block_count", 7)));
    }

    @Test
    void expertsAreChecked() {
        assertRefused(llama(w -> w.put("llama.expert_count", 8)), "llama.expert_used_count", "no such key");
        assertRefused(
                llama(w -> w.put("llama.expert_count", 8).put("llama.expert_used_count", 9)),
                "llama.expert_used_count",
                "9");
        assertRefused(
                llama(w -> w.put("llama.expert_count", 8).put("llama.expert_used_count", 2)),
                "tensor blk.0.ffn_gate_inp.weight is missing");
        assertRefused(
                llama(w -> w.put("llama.expert_count", 8)
                        .put("llama.expert_used_count", 2)
                        .put("llama.expert_gating_func", 2)),
                "llama.expert_gating_func",
                "expects 1",
                "found 2");
        assertRefused(llama(w -> w.put("llama.expert_used_count", 2)), "llama.expert_used_count", "found 2");
    }

    @Test
    void countsAreChecked() {
        assertRefused(llama(w -> w.put("llama.block_count", 0)), "llama.block_count", "found 0");
        assertRefused(
                llama(w -> w.put("llama.attention.head_count_kv", 3)), "llama.attention.head_count_kv", "found 3");
        assertRefused(llama(w -> w.put("llama.attention.value_length", 8)), "llama.attention.value_length", "16", "8");
        assertRefused(llama(w -> w.put("llama.rope.dimension_count", 5)), "llama.rope.dimension_count", "even");
        assertRefused(llama(w -> w.put("llama.attention.layer_norm_rms_epsilon", -1f)), "epsilon", "-1.0");
        assertRefused(llama(w -> w.put("llama.rope.scaling.type", "longrope")), "rope.scaling.type", "longrope");
        assertRefused(llama(w -> w.put("llama.rope.scaling.type", "su")), "rope.scaling.type", "dynamic, yarn", "su");
    }

    @Test
    void aMissingTensorIsNamedWithItsShape() {
        GgufFile file = file(TinyModel.llama(), t -> !t.name().equals("blk.1.ffn_down.weight"), w -> {});
        assertRefused(file, "blk.1.ffn_down.weight", "[96, 64]", "missing");
    }

    @Test
    void aWrongShapeIsNamedWithWhatWasFound() {
        GgufFile file = file(
                TinyModel.llama(), t -> !t.name().equals("blk.0.attn_k.weight"), tensor("blk.0.attn_k.weight", 64, 31));
        assertRefused(file, "blk.0.attn_k.weight", "[64, 32]", "f32 [64, 31]");
    }

    @Test
    void aTensorThatIsNotUnderstoodIsRefused() {
        assertRefused(llama(tensor("blk.0.attn_q_norm.weight", 16)), "blk.0.attn_q_norm.weight", "llama");
        DenseShape qwen3 = TinyModel.qwen3();
        assertRefused(file(qwen3, t -> true, tensor("blk.0.attn_q.bias", 128)), "blk.0.attn_q.bias", "qwen3");
    }

    @Test
    void requiredBiasesAreRequired() {
        GgufFile file = file(TinyModel.qwen2(), t -> !t.name().equals("blk.1.attn_v.bias"), w -> {});
        assertRefused(file, "blk.1.attn_v.bias", "[32]");
    }

    @Test
    void optionalBiasesAreTaken() {
        DecoderSpec spec = ModelFamilies.map(llama(tensor("blk.1.ffn_up.bias", 96)));
        assertTrue(spec.tensors().stream().anyMatch(t -> t.name().equals("blk.1.ffn_up.bias")));
    }

    @Test
    void aWindowShorterThanTheContextHoldsForLlamaAlone() {
        DecoderSpec spec = ModelFamilies.map(llama(w -> w.put("llama.attention.sliding_window", 32)));
        assertEquals(32, spec.layers().get(1).window());
        spec = ModelFamilies.map(llama(w -> w.put("llama.attention.sliding_window", TinyModel.CONTEXT)));
        assertEquals(0, spec.layers().get(1).window());
        GgufFile qwen2 = file(TinyModel.qwen2(), t -> true, w -> w.put("qwen2.attention.sliding_window", 32));
        assertRefused(qwen2, "qwen2.attention.sliding_window", "32");
    }

    /** Which layers have the window, one by one: truth values, or 0 and 1. */
    @Test
    void windowsMayBeListed() {
        String pattern = "llama.attention.sliding_window_pattern";
        for (GgufValue listed : List.of(GgufValue.of(new boolean[] {false, true}), GgufValue.of(0, 1))) {
            DecoderSpec spec = ModelFamilies.map(
                    llama(w -> w.put("llama.attention.sliding_window", 32).put(pattern, listed)));
            assertEquals(
                    List.of(0, 32),
                    spec.layers().stream().map(LayerOptions::window).toList());
        }
        Consumer<GgufWriter> window = w -> w.put("llama.attention.sliding_window", 32);
        assertRefused(
                llama(window.andThen(w -> w.put(pattern, GgufValue.of(new boolean[3])))),
                pattern,
                "2 layers",
                "array of 3");
        assertRefused(
                llama(window.andThen(w -> w.put(pattern, GgufValue.of(0, 2)))), pattern + "[1]", "0 to 1", "found 2");
    }

    @Test
    void keysThatOtherFamiliesUnderstandAreRefused() {
        assertRefused(llama(w -> w.put("llama.attn_logit_softcapping", 50f)), "llama.attn_logit_softcapping", "50.0");
        assertRefused(llama(w -> w.put("llama.use_parallel_residual", true)), "llama.use_parallel_residual");
        assertRefused(
                llama(w -> w.put("llama.attention.temperature_scale", 0.1f)), "llama.attention.temperature_scale");
        assertRefused(llama(tensor("blk.0.post_attention_norm.weight", 64)), "blk.0.post_attention_norm.weight");
    }

    @Test
    void longAndShortFactorsMakeARopeOfTwoKinds() {
        ByteBuffer few = DirectBuffers.bytes(32);
        ByteBuffer many = DirectBuffers.bytes(32);
        for (int i = 0; i < 8; i++) {
            few.putFloat(4 * i, 1);
            many.putFloat(4 * i, 4);
        }
        Consumer<GgufWriter> longFactors =
                w -> w.tensor("rope_factors_long.weight", GgmlType.F32, new long[] {8}, many);
        Consumer<GgufWriter> both =
                longFactors.andThen(w -> w.tensor("rope_factors_short.weight", GgmlType.F32, new long[] {8}, few));
        DecoderSpec spec =
                ModelFamilies.map(llama(both.andThen(w -> w.put("llama.rope.scaling.original_context_length", 64))));
        assertEquals(64, spec.longAfter());
        double[] found = spec.ropes().get(0).inverseFrequencies();
        assertEquals(16, found.length);
        assertEquals(found[3] / 4, found[11]);
        assertRefused(llama(longFactors), "rope_factors_short", "one of them");
        assertRefused(llama(both.andThen(w -> w.put("llama.rope.scaling.type", "yarn"))), "rope.scaling.type", "yarn");
    }

    @Test
    void dynamicRopesTellLongContextsFromShortOnes() {
        DecoderSpec spec = ModelFamilies.map(llama(w -> w.put("llama.rope.scaling.type", "dynamic")
                .put("llama.rope.scaling.factor", 4f)
                .put("llama.rope.scaling.original_context_length", TinyModel.CONTEXT / 4)));
        assertEquals(TinyModel.CONTEXT / 4, spec.longAfter());
    }

    @Test
    void factorsPerPairDivideFrequencies() {
        ByteBuffer factors = DirectBuffers.bytes(32);
        for (int i = 0; i < 8; i++) {
            factors.putFloat(4 * i, i < 4 ? 1 : 8);
        }
        GgufFile file = llama(w -> w.tensor("rope_freqs.weight", GgmlType.F32, new long[] {8}, factors));
        double[] found = ModelFamilies.map(file).ropes().get(0).inverseFrequencies();
        double[] plain = RopeScaling.plain(16, 1e4);
        assertEquals(plain[3], found[3]);
        assertEquals(plain[4] / 8, found[4]);
    }
}
