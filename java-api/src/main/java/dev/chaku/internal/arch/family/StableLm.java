package dev.chaku.internal.arch.family;

import static dev.chaku.internal.arch.Presence.NONE;
import static dev.chaku.internal.arch.Presence.OPTIONAL;
import static dev.chaku.internal.arch.Presence.REQUIRED;
import static dev.chaku.internal.huggingface.TensorRule.matrix;
import static dev.chaku.internal.huggingface.TensorRules.BLOCK;
import static dev.chaku.internal.huggingface.TensorRules.LAYER;

import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufValue;
import dev.chaku.internal.arch.DecoderTraits;
import dev.chaku.internal.arch.DecoderTraits.Parallel;
import dev.chaku.internal.arch.NormTraits.HeadNorm;
import dev.chaku.internal.engine.RopeSpec.Pairing;
import dev.chaku.internal.huggingface.HuggingFaceClass;
import dev.chaku.internal.huggingface.ModelConfig;
import dev.chaku.internal.huggingface.Size;
import dev.chaku.internal.huggingface.TensorRule;
import dev.chaku.internal.huggingface.TensorRule.Layout;
import dev.chaku.internal.huggingface.TensorRules;
import java.util.List;

/**
 * StableLM: LayerNorm with biases, a part of each head rotated. Without a norm before the feed-forward the half blocks
 * are parallel; then each head has norms of its own.
 */
final class StableLm extends Family {
    private static final String PARALLEL = "use_parallel_residual";

    StableLm() {
        super("stablelm");
    }

    @Override
    DecoderTraits traits(GgufFile file) {
        return DecoderTraits.rotating(Pairing.HALVES)
                .norms(n -> n.layerNorm(REQUIRED)
                        .around(REQUIRED, OPTIONAL, NONE)
                        .heads(OPTIONAL, HeadNorm.HEAD_WITH_OWN_WEIGHTS))
                .attention(a -> a.biases(OPTIONAL, NONE))
                .parallel(Parallel.WITHOUT_FFN_NORM);
    }

    @Override
    List<HuggingFaceClass> huggingFace() {
        return List.of(of("StableLmForCausalLM")
                .epsilon("layer_norm_eps")
                .layerNorm()
                .tensors(this::tensors)
                .keys((config, keys) -> keys.put(PARALLEL, GgufValue.of(isParallel(config)))));
    }

    private static boolean isParallel(ModelConfig config) {
        return config.json().bool(PARALLEL, false);
    }

    private TensorRules tensors(ModelConfig config) {
        TensorRules rules = rules().embedding()
                .layerNorm(LAYER + "input_layernorm", BLOCK + "attn_norm")
                .products();
        if (config.json().bool("qk_layernorm", false)) {
            rules.add(headNorms("q", Size.HEADS), headNorms("k", Size.KV_HEADS));
        }
        // Parallel halves share the first norm.
        if (!isParallel(config)) {
            rules.layerNorm(LAYER + "post_attention_layernorm", BLOCK + "ffn_norm");
        }
        return rules.gated().layerNorm("model.norm", "output_norm").head();
    }

    /** Each head has norms of its own. */
    private static TensorRule headNorms(String which, Size heads) {
        String from = LAYER + "self_attn." + which + "_layernorm.norms.{e}.weight";
        return matrix(from, BLOCK + "attn_" + which + "_norm.weight", heads, Size.HEAD)
                .stored(Layout.EACH_ROW);
    }
}
