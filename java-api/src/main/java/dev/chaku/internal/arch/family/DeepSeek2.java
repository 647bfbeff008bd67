package dev.chaku.internal.arch.family;

import static dev.chaku.internal.huggingface.ModuleNames.module;
import static dev.chaku.internal.huggingface.TensorRule.matrix;
import static dev.chaku.internal.huggingface.TensorRule.vector;
import static dev.chaku.internal.huggingface.TensorRules.BLOCK;
import static dev.chaku.internal.huggingface.TensorRules.LAYER;

import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufValue;
import dev.chaku.internal.arch.DecoderTraits;
import dev.chaku.internal.arch.ExpertTraits;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.ExpertOptions.Gating;
import dev.chaku.internal.engine.RopeSpec.Pairing;
import dev.chaku.internal.huggingface.ExpertKeys;
import dev.chaku.internal.huggingface.HuggingFaceClass;
import dev.chaku.internal.huggingface.ModelConfig;
import dev.chaku.internal.huggingface.ModuleNames;
import dev.chaku.internal.huggingface.RowOrder;
import dev.chaku.internal.huggingface.Size;
import dev.chaku.internal.huggingface.TensorRule.Layout;
import dev.chaku.internal.huggingface.TensorRule.Need;
import dev.chaku.internal.huggingface.TensorRule.Where;
import dev.chaku.internal.huggingface.TensorRules;
import java.util.List;
import java.util.Map;

/**
 * DeepSeek V2 and V3, and what is built as they are (Kimi K2, GLM-4.7-Flash): attention over latents, and experts
 * behind dense layers, some of which every token passes through. Both sides rotate neighbours, so that no row moves.
 */
final class DeepSeek2 extends Family {
    /** Of {@code expert_gating_func}. */
    private static final int SOFTMAX = 1;

    private static final int SIGMOID = 2;

    DeepSeek2() {
        super("deepseek2");
    }

    @Override
    DecoderTraits traits(GgufFile file) {
        return DecoderTraits.rotating(Pairing.ADJACENT)
                .attention(a -> a.latent())
                .experts(ExpertTraits.of(Gating.SOFTMAX)
                        .describedByFile()
                        .selectedByBias()
                        .afterDenseLayers()
                        .sharedInFull()
                        .orDense());
    }

    @Override
    ModuleNames modules() {
        return ModuleNames.llamaAttention()
                .and(
                        module("self_attn.q_a_proj", DecoderModule.ATTN_Q_A),
                        module("self_attn.q_b_proj", DecoderModule.ATTN_Q_B),
                        module("self_attn.kv_a_proj_with_mqa", DecoderModule.ATTN_KV_A),
                        module("self_attn.kv_b_proj", DecoderModule.ATTN_KV_B),
                        module("mlp.gate_proj", DecoderModule.FFN_GATE),
                        module("mlp.up_proj", DecoderModule.FFN_UP),
                        module("mlp.down_proj", DecoderModule.FFN_DOWN),
                        module("mlp.shared_experts.gate_proj", DecoderModule.SHARED_GATE),
                        module("mlp.shared_experts.up_proj", DecoderModule.SHARED_UP),
                        module("mlp.shared_experts.down_proj", DecoderModule.SHARED_DOWN));
    }

    @Override
    List<HuggingFaceClass> huggingFace() {
        return List.of(
                kind("DeepseekV2ForCausalLM").defaults(Map.of("scoring_func", "softmax")),
                kind("DeepseekV3ForCausalLM", "Glm4MoeLiteForCausalLM")
                        .defaults(
                                Map.of("scoring_func", "sigmoid", "topk_method", "noaux_tc", "norm_topk_prob", true)));
    }

    private HuggingFaceClass kind(String... classes) {
        return of(classes).tensors(this::tensors).keys(DeepSeek2::keys).readsOfRope("mscale_all_dim");
    }

    private TensorRules tensors(ModelConfig config) {
        String shared = LAYER + "mlp.shared_experts.";
        TensorRules rules = attention(rules().embedding().norm("input_layernorm", "attn_norm"), config)
                .norm("post_attention_layernorm", "ffn_norm");
        if (config.experts() == 0) {
            return rules.gated().output();
        }
        rules.gated().change(DeepSeek2::isDense, rule -> rule.in(Where.DENSE)).experts("mlp.gate");
        if (config.of(Size.SHARED_FF) > 0) {
            rules.matrix(shared + "gate_proj", BLOCK + "ffn_gate_shexp", Size.SHARED_FF, Size.WIDTH)
                    .matrix(shared + "up_proj", BLOCK + "ffn_up_shexp", Size.SHARED_FF, Size.WIDTH)
                    .matrix(shared + "down_proj", BLOCK + "ffn_down_shexp", Size.WIDTH, Size.SHARED_FF);
        }
        return rules.add(vector(LAYER + "mlp.gate.e_score_correction_bias", BLOCK + "exp_probs_b.bias", Size.EXPERTS)
                        .needed(Need.OPTIONAL))
                .change(DeepSeek2::isOfExperts, rule -> rule.in(Where.EXPERTS))
                .output();
    }

    private static TensorRules attention(TensorRules rules, ModelConfig config) {
        String from = LAYER + "self_attn.";
        if (config.of(Size.QUERY_RANK) > 0) {
            rules.matrix(from + "q_a_proj", BLOCK + "attn_q_a", Size.QUERY_RANK, Size.WIDTH)
                    .add(vector(from + "q_a_layernorm.weight", BLOCK + "attn_q_a_norm.weight", Size.QUERY_RANK))
                    .matrix(from + "q_b_proj", BLOCK + "attn_q_b", Size.LATENT_QUERIES, Size.QUERY_RANK);
        } else {
            rules.matrix(from + "q_proj", BLOCK + "attn_q", Size.LATENT_QUERIES, Size.WIDTH);
        }
        return rules.matrix(from + "kv_a_proj_with_mqa", BLOCK + "attn_kv_a_mqa", Size.LATENT_AND_ROPE, Size.WIDTH)
                .add(
                        vector(from + "kv_a_layernorm.weight", BLOCK + "attn_kv_a_norm.weight", Size.LATENT),
                        matrix(from + "kv_b_proj.weight", BLOCK + "attn_k_b.weight", Size.LATENT_KEYS, Size.PLAIN_HEAD)
                                .stored(Layout.HEADS_TURNED),
                        matrix(from + "kv_b_proj.weight", BLOCK + "attn_v_b.weight", Size.LATENT_VALUES, Size.LATENT)
                                .stored(Layout.HEADS)
                                .ordered(RowOrder.LATENT_VALUES))
                .matrix(from + "o_proj", BLOCK + "attn_output", Size.WIDTH, Size.LATENT_VALUES);
    }

    private static boolean isDense(String name) {
        return name.contains("ffn_gate.") || name.contains("ffn_up.") || name.contains("ffn_down.");
    }

    private static boolean isOfExperts(String name) {
        return name.contains("exps.")
                || name.contains("shexp.")
                || name.contains("ffn_gate_inp.")
                || name.contains("exp_probs_b.");
    }

    private static void keys(ModelConfig config, Map<String, GgufValue> keys) {
        config.requireOneOf("rope_interleave", true);
        config.requireOneOf("attention_bias", false);
        keys.put("attention.head_count_kv", GgufValue.ofUint32(1));
        keys.put("attention.key_length", GgufValue.ofUint32(config.of(Size.LATENT_AND_ROPE)));
        keys.put("attention.value_length", GgufValue.ofUint32(config.of(Size.LATENT)));
        keys.put("attention.kv_lora_rank", GgufValue.ofUint32(config.of(Size.LATENT)));
        keys.put("attention.key_length_mla", GgufValue.ofUint32(config.of(Size.LATENT_QUERIES) / config.heads()));
        keys.put("attention.value_length_mla", GgufValue.ofUint32(config.of(Size.LATENT_VALUES) / config.heads()));
        if (config.of(Size.QUERY_RANK) > 0) {
            keys.put("attention.q_lora_rank", GgufValue.ofUint32(config.of(Size.QUERY_RANK)));
        }
        if (config.experts() > 0) {
            experts(config, keys);
        }
    }

    private static void experts(ModelConfig config, Map<String, GgufValue> keys) {
        config.requireOneOf("moe_layer_freq", 1L);
        config.requireOneOf("scoring_func", "softmax", "sigmoid");
        config.requireOneOf("topk_method", "greedy", "group_limited_greedy", "noaux_tc");
        ExpertKeys.addCounts(config, keys);
        keys.put("leading_dense_block_count", GgufValue.ofUint32(config.leadingDense()));
        keys.put("expert_feed_forward_length", GgufValue.ofUint32(config.of(Size.EXPERT_FF)));
        keys.put(
                "expert_shared_count",
                GgufValue.ofUint32(config.json().findInt("n_shared_experts").orElse(0)));
        keys.put("expert_weights_scale", GgufValue.of((float)
                config.json().findDouble("routed_scaling_factor").orElse(1)));
        keys.put("expert_weights_norm", GgufValue.of(config.json().bool("norm_topk_prob", false)));
        boolean sigmoid = config.json().findString("scoring_func").orElse("").equals("sigmoid");
        keys.put("expert_gating_func", GgufValue.ofUint32(sigmoid ? SIGMOID : SOFTMAX));
        boolean grouped =
                !config.json().findString("topk_method").orElse("greedy").equals("greedy");
        int groups = config.json().findInt("n_group").orElse(1);
        if (grouped && groups > 1) {
            keys.put("expert_group_count", GgufValue.ofUint32(groups));
            keys.put("expert_group_used_count", GgufValue.ofUint32(config.count("topk_group")));
        }
    }
}
