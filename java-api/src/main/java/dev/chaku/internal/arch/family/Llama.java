package dev.chaku.internal.arch.family;

import static dev.chaku.internal.arch.Presence.OPTIONAL;

import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufValue;
import dev.chaku.internal.arch.DecoderTraits;
import dev.chaku.internal.arch.ExpertTraits;
import dev.chaku.internal.engine.ExpertOptions.Gating;
import dev.chaku.internal.engine.RopeSpec.Pairing;
import dev.chaku.internal.huggingface.ExpertKeys;
import dev.chaku.internal.huggingface.HuggingFaceClass;
import dev.chaku.internal.huggingface.ModelConfig;
import dev.chaku.internal.huggingface.ModuleNames;
import dev.chaku.internal.huggingface.WindowKeys;
import java.util.List;
import java.util.Map;

/**
 * Llama and what is stored under its name: mistral, mixtral (with experts), smollm, yi, deepseek dense and others.
 * Files hold query and key rows permuted so that adjacent values form a pair.
 */
final class Llama extends Family {
    Llama() {
        super("llama");
    }

    @Override
    DecoderTraits traits(GgufFile file) {
        return DecoderTraits.rotating(Pairing.ADJACENT)
                .attention(a -> a.biases(OPTIONAL, OPTIONAL))
                .feedForward(f -> f.biases(OPTIONAL))
                .positions(p -> p.windows(layer -> true))
                .experts(ExpertTraits.of(Gating.SOFTMAX).normalized().orDense());
    }

    @Override
    ModuleNames modules() {
        return ModuleNames.llama()
                .halves()
                .withExperts(new ModuleNames.ExpertNames("block_sparse_moe.experts.", "w1", "w3", "w2"));
    }

    @Override
    List<HuggingFaceClass> huggingFace() {
        return List.of(
                of("LlamaForCausalLM", "MistralForCausalLM")
                        .bare("LlamaModel", "MistralModel")
                        .tensors(rules().llama())
                        .keys(Llama::keys),
                of("MixtralForCausalLM")
                        .tensors(rules().embedding()
                                .attention()
                                .experts("block_sparse_moe.gate")
                                .output())
                        .keys(Llama::mixtral));
    }

    private static void keys(ModelConfig config, Map<String, GgufValue> keys) {
        config.requireOneOf("pretraining_tp", 1L);
        WindowKeys.add(config, keys);
    }

    private static void mixtral(ModelConfig config, Map<String, GgufValue> keys) {
        keys(config, keys);
        ExpertKeys.addCounts(config, keys);
    }
}
