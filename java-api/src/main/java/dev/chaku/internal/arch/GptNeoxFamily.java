package dev.chaku.internal.arch;

import dev.chaku.gguf.GgufFile;
import dev.chaku.internal.LayerOptions;
import dev.chaku.internal.arch.DenseTraits.Parallel;
import dev.chaku.internal.arch.DenseTraits.Presence;
import dev.chaku.internal.arch.RopeSpec.Pairing;

/** GPT-NeoX and Pythia: parallel half blocks with a LayerNorm each, biases everywhere, a part of each head rotated. */
final class GptNeoxFamily extends DenseFamily {
    GptNeoxFamily() {
        super("gptneox");
    }

    @Override
    DenseTraits traits(GgufFile file) {
        return new DenseTraits(Pairing.HALVES)
                .layerNorm(Presence.REQUIRED)
                .biases(Presence.REQUIRED, Presence.REQUIRED, Presence.REQUIRED)
                .fusedQkv()
                .parallel(Parallel.BY_KEY)
                .ungated(LayerOptions.GELU_TANH);
    }
}
