package dev.chaku.internal.arch.family;

import static dev.chaku.internal.arch.Presence.REQUIRED;

import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufValue;
import dev.chaku.internal.arch.DecoderTraits;
import dev.chaku.internal.arch.DecoderTraits.Parallel;
import dev.chaku.internal.engine.LayerOptions;
import dev.chaku.internal.engine.RopeSpec.Pairing;
import dev.chaku.internal.huggingface.HuggingFaceClass;
import dev.chaku.internal.huggingface.ModelConfig;
import dev.chaku.internal.huggingface.ModuleNames;
import java.util.List;
import java.util.Map;

/** GPT-NeoX and Pythia: parallel half blocks with a LayerNorm each, biases everywhere, a part of each head rotated. */
final class GptNeox extends Family {
    GptNeox() {
        super("gptneox");
    }

    @Override
    DecoderTraits traits(GgufFile file) {
        return DecoderTraits.rotating(Pairing.HALVES)
                .norms(n -> n.layerNorm(REQUIRED))
                .attention(a -> a.biases(REQUIRED, REQUIRED).fused())
                .feedForward(f -> f.biases(REQUIRED).ungated(LayerOptions.GELU_TANH))
                .parallel(Parallel.BY_KEY);
    }

    @Override
    ModuleNames modules() {
        return LayerNorms.queryKeyValue("gpt_neox.layers.", "attention.")
                .withOutput("embed_out")
                .withEmbedding("gpt_neox.embed_in");
    }

    @Override
    List<HuggingFaceClass> huggingFace() {
        return List.of(LayerNorms.kind(of("GPTNeoXForCausalLM"))
                .epsilon("layer_norm_eps")
                .tensors(LayerNorms.queryKeyValue(
                                rules().embedding("gpt_neox.embed_in"), "gpt_neox.layers.{l}.", "attention.")
                        .layerNorm("gpt_neox.final_layer_norm", "output_norm")
                        .head("embed_out"))
                .keys(GptNeox::keys));
    }

    private static void keys(ModelConfig config, Map<String, GgufValue> keys) {
        keys.put("use_parallel_residual", GgufValue.of(config.json().bool("use_parallel_residual", true)));
    }
}
