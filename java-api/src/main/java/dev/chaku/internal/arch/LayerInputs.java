package dev.chaku.internal.arch;

import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.LayerInputOptions;
import org.jspecify.annotations.Nullable;

/** Reads what a file says of inputs that layers have of their own, and picks their tensors. Used once. */
final class LayerInputs {
    private static final int MOST = 1 << 12;

    private final TensorTable tensors;
    private final int layers;
    private final long width;
    private final @Nullable LayerInputOptions options;

    /** @param present whether the family has the key at all */
    LayerInputs(ArchitectureKeys keys, TensorTable tensors, boolean present, int layers, int width) {
        this.tensors = tensors;
        this.layers = layers;
        this.width = width;
        int own = present
                ? keys.findInt("embedding_length_per_layer_input", 0, MOST).orElse(0)
                : 0;
        this.options = own == 0
                ? null
                : new LayerInputOptions(
                        own, (float) Math.sqrt(own), (float) (1 / Math.sqrt(width)), (float) Math.sqrt(0.5));
    }

    @Nullable
    LayerInputOptions options() {
        return options;
    }

    void pickGlobals(int vocabSize) {
        if (options == null) {
            return;
        }
        long all = (long) layers * options.width();
        tensors.matrix(DecoderModule.LAYER_INPUT_TABLE.at(-1), vocabSize, all);
        tensors.matrix(DecoderModule.LAYER_INPUT_PROJECTION.at(-1), all, width);
        tensors.vector(DecoderModule.LAYER_INPUT_NORM.at(-1), options.width());
    }

    void pickLayer(int layer) {
        if (options == null) {
            return;
        }
        tensors.matrix(DecoderModule.LAYER_INPUT_GATE.at(layer), options.width(), width);
        tensors.matrix(DecoderModule.LAYER_INPUT_OUT.at(layer), width, options.width());
        tensors.vector(DecoderModule.LAYER_INPUT_POST_NORM.at(layer), width);
    }
}
