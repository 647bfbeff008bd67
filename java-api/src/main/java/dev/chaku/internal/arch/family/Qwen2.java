package dev.chaku.internal.arch.family;

import static dev.chaku.internal.arch.Presence.NONE;
import static dev.chaku.internal.arch.Presence.REQUIRED;

import dev.chaku.gguf.GgufFile;
import dev.chaku.internal.arch.DecoderTraits;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.RopeSpec.Pairing;
import dev.chaku.internal.huggingface.HuggingFaceClass;
import dev.chaku.internal.huggingface.WindowKeys;
import java.util.List;

/** Qwen2 and Qwen2.5: biases on query, key and value. */
final class Qwen2 extends Family {
    Qwen2() {
        super("qwen2");
    }

    @Override
    DecoderTraits traits(GgufFile file) {
        return DecoderTraits.rotating(Pairing.HALVES).attention(a -> a.biases(REQUIRED, NONE));
    }

    @Override
    List<HuggingFaceClass> huggingFace() {
        return List.of(of("Qwen2ForCausalLM")
                .bare("Qwen2Model")
                .tensors(rules().biased(DecoderModule.ATTN_Q, DecoderModule.ATTN_K, DecoderModule.ATTN_V)
                        .llama())
                .keys((config, keys) -> WindowKeys.requireNone(config)));
    }
}
