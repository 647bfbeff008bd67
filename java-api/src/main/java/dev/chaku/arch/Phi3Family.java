package dev.chaku.arch;

import dev.chaku.arch.RopeSpec.Pairing;
import dev.chaku.gguf.GgufFile;

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
