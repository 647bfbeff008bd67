package dev.chaku.internal.arch;

import dev.chaku.gguf.GgufFile;
import dev.chaku.internal.arch.RopeSpec.Pairing;

/** Phi-3, Phi-3.5 and Phi-4: query, key and value in one tensor, gate and up in another; long contexts by longrope. */
final class Phi3Family extends DenseFamily {
    Phi3Family() {
        super("phi3");
    }

    @Override
    DenseTraits traits(GgufFile file) {
        return new DenseTraits(Pairing.HALVES).fusedQkv().fusedGateUp().windows(layer -> true);
    }
}
