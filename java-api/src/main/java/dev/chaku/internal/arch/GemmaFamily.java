package dev.chaku.internal.arch;

import dev.chaku.gguf.GgufFile;
import dev.chaku.internal.LayerOptions;
import dev.chaku.internal.arch.RopeSpec.Pairing;

/** Gemma: a GELU gate, and an embedding multiplied by the square root of the width. */
final class GemmaFamily extends DenseFamily {
    GemmaFamily() {
        super("gemma");
    }

    @Override
    DenseTraits traits(GgufFile file) {
        return new DenseTraits(Pairing.HALVES).gate(LayerOptions.GELU_TANH).scaleEmbeddingByWidth();
    }
}
