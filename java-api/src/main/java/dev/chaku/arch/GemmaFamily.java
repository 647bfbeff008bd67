package dev.chaku.arch;

import dev.chaku.arch.RopeSpec.Pairing;
import dev.chaku.gguf.GgufFile;
import dev.chaku.internal.LayerOptions;

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
