package dev.chaku.internal.arch.family;

import static dev.chaku.internal.arch.Presence.REQUIRED;

import dev.chaku.gguf.GgufFile;
import dev.chaku.internal.arch.DecoderTraits;
import dev.chaku.internal.arch.NormTraits.HeadNorm;
import dev.chaku.internal.engine.RopeSpec.Pairing;
import dev.chaku.internal.huggingface.HuggingFaceClass;
import dev.chaku.internal.huggingface.WindowKeys;
import java.util.List;

/** Qwen3: each query and key head is normalised before the rotation. */
final class Qwen3 extends Family {
    Qwen3() {
        super("qwen3");
    }

    @Override
    DecoderTraits traits(GgufFile file) {
        return DecoderTraits.rotating(Pairing.HALVES).norms(n -> n.heads(REQUIRED, HeadNorm.HEAD));
    }

    @Override
    List<HuggingFaceClass> huggingFace() {
        return List.of(of("Qwen3ForCausalLM")
                .bare("Qwen3Model")
                .tensors(rules().llama().headNorms())
                .keys((config, keys) -> WindowKeys.requireNone(config)));
    }
}
