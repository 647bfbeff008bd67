package dev.chaku.internal.arch.family;

import static dev.chaku.internal.huggingface.TensorRule.vector;
import static dev.chaku.internal.huggingface.TensorRules.BLOCK;
import static dev.chaku.internal.huggingface.TensorRules.LAYER;

import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufValue;
import dev.chaku.internal.arch.DecoderTraits;
import dev.chaku.internal.arch.ExpertTraits;
import dev.chaku.internal.engine.ExpertOptions.Gating;
import dev.chaku.internal.huggingface.ExpertKeys;
import dev.chaku.internal.huggingface.HuggingFaceClass;
import dev.chaku.internal.huggingface.ModelConfig;
import dev.chaku.internal.huggingface.ModuleNames;
import dev.chaku.internal.huggingface.Size;
import dev.chaku.internal.huggingface.TensorRule.Where;
import dev.chaku.internal.huggingface.TensorRules;
import java.util.List;
import java.util.Map;

/**
 * LFM2 with experts: as the dense one in its first layers; then sigmoids weigh experts, which are selected by these and
 * a bias.
 */
final class Lfm2Moe extends Family {
    /** Of {@code expert_gating_func}. */
    private static final int SIGMOID = 2;

    Lfm2Moe() {
        super("lfm2moe");
    }

    @Override
    DecoderTraits traits(GgufFile file) {
        return Lfm2.kind()
                .experts(ExpertTraits.of(Gating.SIGMOID)
                        .normalized()
                        .selectedByBias()
                        .afterDenseLayers());
    }

    @Override
    ModuleNames modules() {
        return Lfm2.names().withExperts(new ModuleNames.ExpertNames("feed_forward.experts.", "w1", "w3", "w2"));
    }

    @Override
    List<HuggingFaceClass> huggingFace() {
        return List.of(of("Lfm2MoeForCausalLM")
                .epsilon("norm_eps")
                .tied()
                .defaults(Map.of("norm_topk_prob", true))
                .tensors(this::tensors)
                .keys(Lfm2Moe::keys));
    }

    private TensorRules tensors(ModelConfig config) {
        TensorRules rules = Lfm2.feedForward(Lfm2.mixers(rules()).norm("ffn_norm", "ffn_norm"), Where.DENSE)
                .experts("feed_forward.gate");
        if (config.json().bool("use_expert_bias", true)) {
            rules.add(vector(LAYER + "feed_forward.expert_bias", BLOCK + "exp_probs_b.bias", Size.EXPERTS));
        }
        return rules.change(Lfm2Moe::isOfExperts, rule -> rule.in(Where.EXPERTS))
                .head();
    }

    private static boolean isOfExperts(String name) {
        return name.contains("_exps.") || name.contains("ffn_gate_inp.") || name.contains("exp_probs_b.");
    }

    private static void keys(ModelConfig config, Map<String, GgufValue> keys) {
        config.requireOneOf("routed_scaling_factor", 1L, 1.0);
        ExpertKeys.requireNormalized(config, true);
        Lfm2.keys(config, keys);
        ExpertKeys.add(config, keys);
        keys.put("leading_dense_block_count", GgufValue.ofUint32(config.leadingDense()));
        keys.put("expert_gating_func", GgufValue.ofUint32(SIGMOID));
    }
}
