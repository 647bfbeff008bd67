package dev.chaku.internal.arch.family;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dev.chaku.Float32Device;
import dev.chaku.Model;
import dev.chaku.ReferenceData;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufValue;
import dev.chaku.gguf.GgufWriter;
import dev.chaku.internal.arch.RopeScaling;
import dev.chaku.internal.engine.DecoderSpec;
import dev.chaku.internal.engine.LayerOptions;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** OLMo 3 is OLMo 2 with windows; there is no golden of it, but what it is must follow from those of OLMo 2. */
class Olmo2Test {
    private static final int[] TOKENS = {5, 90, 17, 33, 101, 2, 64, 8, 77, 19};
    private static final Consumer<GgufWriter> YARN = w -> w.put("olmo2.rope.scaling.type", "yarn")
            .put("olmo2.rope.scaling.factor", 8f)
            .put("olmo2.rope.scaling.original_context_length", 16);

    @TempDir
    Path folder;

    private Path changed(String name, Consumer<GgufWriter> changes) {
        GgufFile golden = GgufFile.read(ReferenceData.require("parity/tiny/olmo2.gguf"));
        GgufWriter writer = GgufWriter.to(folder.resolve(name)).putAll(golden.metadata());
        changes.accept(writer);
        golden.tensors()
                .forEach(tensor -> writer.tensor(tensor.name(), tensor.type(), tensor.dims(), golden.copyOf(tensor)));
        writer.write();
        return folder.resolve(name);
    }

    private static Consumer<GgufWriter> window(int tokens, boolean... layers) {
        return w -> w.put("olmo2.attention.sliding_window", tokens)
                .put("olmo2.attention.sliding_window_pattern", GgufValue.of(layers));
    }

    private static float[] last(Path file) {
        try (Model model = Model.open(file, Float32Device.options())) {
            return model.logits(TOKENS)[TOKENS.length - 1];
        }
    }

    @Test
    void windowedLayersHaveARotationThatIsNotStretched() {
        DecoderSpec spec = ModelFamilies.map(GgufFile.read(changed("listed", YARN.andThen(window(4, true, false)))));
        assertEquals(
                List.of(4, 0), spec.layers().stream().map(LayerOptions::window).toList());
        assertEquals(
                List.of(1, 0), spec.layers().stream().map(LayerOptions::rope).toList());
        double base = GgufFile.read(changed("plain", w -> {})).metadata().requireDouble("olmo2.rope.freq_base");
        assertArrayEquals(RopeScaling.plain(16, base), spec.ropes().get(1).inverseFrequencies());
        assertEquals(1, spec.ropes().get(1).magnitude());
        assertNotEquals(1, spec.ropes().get(0).magnitude());
    }

    /**
     * Windows that hold the text leave the rotation alone to tell; without a list both layers of the golden have one.
     */
    @Test
    void aWindowThatHoldsTheTextIsPlainAttention() {
        float[] plain = last(changed("plain", w -> {}));
        float[] stretched = last(changed("yarn", YARN));
        assertArrayEquals(
                plain, last(changed("all", YARN.andThen(w -> w.put("olmo2.attention.sliding_window", 100)))), 1e-5f);
        assertArrayEquals(stretched, last(changed("none", YARN.andThen(window(100, false, false)))), 1e-5f);
        assertNotEquals(plain[0], stretched[0], 1e-3f);
        assertNotEquals(plain[0], last(changed("narrow", window(4, true, true)))[0], 1e-3f);
    }
}
