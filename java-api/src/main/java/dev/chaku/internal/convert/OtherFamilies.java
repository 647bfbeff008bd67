package dev.chaku.internal.convert;

import static dev.chaku.internal.convert.HuggingFaceFamilies.LAYER;
import static dev.chaku.internal.convert.HuggingFaceFamilies.SILU;
import static dev.chaku.internal.convert.HuggingFaceFamilies.attention;
import static dev.chaku.internal.convert.HuggingFaceFamilies.embedding;
import static dev.chaku.internal.convert.HuggingFaceFamilies.gated;
import static dev.chaku.internal.convert.HuggingFaceFamilies.headNorms;
import static dev.chaku.internal.convert.HuggingFaceFamilies.llamaLike;
import static dev.chaku.internal.convert.HuggingFaceFamilies.output;
import static dev.chaku.internal.convert.HuggingFaceFamilies.products;
import static dev.chaku.internal.convert.HuggingFaceFamilies.renamed;
import static dev.chaku.internal.convert.HuggingFaceFamilies.rms;
import static dev.chaku.internal.huggingface.TensorRule.matrix;
import static dev.chaku.internal.huggingface.TensorRule.vector;

import dev.chaku.gguf.GgufValue;
import dev.chaku.internal.huggingface.JsonFile;
import dev.chaku.internal.huggingface.ModelConfig;
import dev.chaku.internal.huggingface.Size;
import dev.chaku.internal.huggingface.TensorRule;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;

/** Families close to llama with multipliers, fused products or norms elsewhere. */
final class OtherFamilies {
    private static final String BLOCK = "blk.{l}.";

    static final List<HuggingFaceFamily> ALL = List.of(
            rms(List.of("GraniteForCausalLM"), "granite", llamaLike("granite"), OtherFamilies::granite),
            new HuggingFaceFamily(
                    List.of("SmolLM3ForCausalLM"),
                    "smollm3",
                    "rms_norm_eps",
                    false,
                    true,
                    true,
                    List.of("silu"),
                    llamaLike("smollm3"),
                    OtherFamilies::smolLm3),
            rms(List.of("Olmo2ForCausalLM"), "olmo2", olmo2(), (config, keys) -> config.requireOneOf("clip_qkv")),
            rms(List.of("Olmo3ForCausalLM"), "olmo2", olmo2(), OtherFamilies::olmo3),
            rms(List.of("Phi3ForCausalLM"), "phi3", phi3(), HuggingFaceFamilies::slidingWindow),
            rms(
                    List.of("Mistral3ForConditionalGeneration", "Ministral3ForCausalLM"),
                    "mistral3",
                    llamaLike("mistral3"),
                    OtherFamilies::mistral3),
            rms(List.of("Exaone4ForCausalLM"), "exaone4", exaone4(), OtherFamilies::exaone4),
            rms(List.of("Glm4ForCausalLM"), "glm4", glm4(), (config, keys) -> {}),
            rms(List.of("HunYuanDenseV1ForCausalLM"), "hunyuan-dense", hunyuan(), OtherFamilies::hunyuan),
            rms(
                    List.of("SeedOssForCausalLM"),
                    "seed_oss",
                    renamed(llamaLike("seed_oss"), "ffn_norm.weight", "post_attention_norm.weight"),
                    (config, keys) -> config.requireOneOf("mlp_bias", false)),
            cohere("CohereForCausalLM", "command-r", OtherFamilies::cohere),
            cohere("Cohere2ForCausalLM", "cohere2", OtherFamilies::cohere2));

    private OtherFamilies() {}

    private static HuggingFaceFamily cohere(
            String className, String architecture, BiConsumer<ModelConfig, Map<String, GgufValue>> extra) {
        return new HuggingFaceFamily(
                List.of(className),
                architecture,
                "layer_norm_eps",
                true,
                true,
                true,
                SILU,
                config -> cohere(architecture, config),
                extra,
                Map.of());
    }

    private static List<TensorRule> olmo2() {
        List<TensorRule> rules = new ArrayList<>(embedding());
        products(rules, "olmo2");
        rules.add(vector(LAYER + "self_attn.q_norm.weight", BLOCK + "attn_q_norm.weight", Size.QUERIES));
        rules.add(vector(LAYER + "self_attn.k_norm.weight", BLOCK + "attn_k_norm.weight", Size.KEYS));
        rules.add(vector(LAYER + "post_attention_layernorm.weight", BLOCK + "post_attention_norm.weight", Size.WIDTH));
        gated(rules, "olmo2");
        rules.add(vector(LAYER + "post_feedforward_layernorm.weight", BLOCK + "post_ffw_norm.weight", Size.WIDTH));
        rules.addAll(output());
        return rules;
    }

    private static List<TensorRule> phi3() {
        List<TensorRule> rules = new ArrayList<>(embedding());
        rules.add(vector(LAYER + "input_layernorm.weight", BLOCK + "attn_norm.weight", Size.WIDTH));
        rules.add(matrix(
                LAYER + "self_attn.qkv_proj.weight", BLOCK + "attn_qkv.weight", Size.QUERIES_KEYS_VALUES, Size.WIDTH));
        rules.add(matrix(LAYER + "self_attn.o_proj.weight", BLOCK + "attn_output.weight", Size.WIDTH, Size.QUERIES));
        rules.add(vector(LAYER + "post_attention_layernorm.weight", BLOCK + "ffn_norm.weight", Size.WIDTH));
        rules.add(matrix(LAYER + "mlp.gate_up_proj.weight", BLOCK + "ffn_up.weight", Size.GATE_UP, Size.WIDTH));
        rules.add(matrix(LAYER + "mlp.down_proj.weight", BLOCK + "ffn_down.weight", Size.WIDTH, Size.FF));
        rules.addAll(output());
        return rules;
    }

    /** Norms after the half blocks alone, and of each head. */
    private static List<TensorRule> exaone4() {
        List<TensorRule> rules = new ArrayList<>(embedding());
        products(rules, "exaone4");
        rules.add(vector(LAYER + "post_attention_layernorm.weight", BLOCK + "post_attention_norm.weight", Size.WIDTH));
        gated(rules, "exaone4");
        rules.add(vector(LAYER + "post_feedforward_layernorm.weight", BLOCK + "post_ffw_norm.weight", Size.WIDTH));
        rules.addAll(output());
        return headNorms(rules);
    }

    private static List<TensorRule> glm4() {
        List<TensorRule> rules = new ArrayList<>(embedding());
        rules.addAll(attention("glm4"));
        rules.add(vector(LAYER + "post_self_attn_layernorm.weight", BLOCK + "post_attention_norm.weight", Size.WIDTH));
        rules.add(matrix(LAYER + "mlp.gate_up_proj.weight", BLOCK + "ffn_up.weight", Size.GATE_UP, Size.WIDTH));
        rules.add(matrix(LAYER + "mlp.down_proj.weight", BLOCK + "ffn_down.weight", Size.WIDTH, Size.FF));
        rules.add(vector(LAYER + "post_mlp_layernorm.weight", BLOCK + "post_ffw_norm.weight", Size.WIDTH));
        rules.addAll(output());
        return rules;
    }

    private static List<TensorRule> hunyuan() {
        List<TensorRule> rules = new ArrayList<>(llamaLike("hunyuan-dense"));
        rules.add(vector(LAYER + "self_attn.query_layernorm.weight", BLOCK + "attn_q_norm.weight", Size.HEAD));
        rules.add(vector(LAYER + "self_attn.key_layernorm.weight", BLOCK + "attn_k_norm.weight", Size.HEAD));
        return rules;
    }

    /** One norm serves both half blocks. */
    private static List<TensorRule> cohere(String architecture, ModelConfig config) {
        List<TensorRule> rules = new ArrayList<>(llamaLike(architecture));
        rules.removeIf(rule -> rule.to().equals(BLOCK + "ffn_norm.weight"));
        if (config.json().bool("use_qk_norm", false)) {
            rules.add(matrix(LAYER + "self_attn.q_norm.weight", BLOCK + "attn_q_norm.weight", Size.HEADS, Size.HEAD));
            rules.add(
                    matrix(LAYER + "self_attn.k_norm.weight", BLOCK + "attn_k_norm.weight", Size.KV_HEADS, Size.HEAD));
        }
        return rules;
    }

    private static void granite(ModelConfig config, Map<String, GgufValue> keys) {
        keys.put("attention.scale", GgufValue.of((float) config.json().requireDouble("attention_multiplier")));
        keys.put("embedding_scale", GgufValue.of((float) config.json().requireDouble("embedding_multiplier")));
        keys.put("residual_scale", GgufValue.of((float) config.json().requireDouble("residual_multiplier")));
        keys.put("logit_scale", GgufValue.of((float) config.json().requireDouble("logits_scaling")));
    }

    /** Every fourth layer goes without rotation, which the family takes for granted. */
    private static void smolLm3(ModelConfig config, Map<String, GgufValue> keys) {
        config.requireOneOf("no_rope_layer_interval", 4L);
        config.requireOneOf("use_sliding_window", false);
    }

    /** Files say of each layer whether it has the window; without a list it is three of four. */
    private static void olmo3(ModelConfig config, Map<String, GgufValue> keys) {
        config.requireOneOf("clip_qkv");
        keys.put("attention.sliding_window", GgufValue.ofUint32(config.count("sliding_window")));
        HuggingFaceFamilies.requireWindows(config, layer -> layer % 4 < 3);
        boolean[] windowed = new boolean[config.layers()];
        for (int l = 0; l < windowed.length; l++) {
            windowed[l] = l % 4 < 3;
        }
        keys.put("attention.sliding_window_pattern", GgufValue.of(windowed));
    }

    /** Queries may grow with their position; then yarn's own magnitude is undone, for which files have a key. */
    private static void mistral3(ModelConfig config, Map<String, GgufValue> keys) {
        config.requireOneOf("sliding_window");
        JsonFile rope = config.ropeParameters().orElse(config.json());
        rope.findDouble("llama_4_scaling_beta").ifPresent(beta -> {
            keys.put("attention.temperature_scale", GgufValue.of((float) beta));
            keys.put(
                    "rope.scaling.original_context_length",
                    GgufValue.ofUint32(rope.requireCount("original_max_position_embeddings")));
        });
        if (rope.findDouble("mscale").orElse(0) == 1 && !rope.has("attention_factor")) {
            keys.remove("rope.scaling.attn_factor");
            keys.put("rope.scaling.yarn_log_multiplier", GgufValue.of((float) rope.requireDouble("mscale_all_dim")));
        }
    }

    /** Windows in three of four layers, in the larger models alone. */
    private static void exaone4(ModelConfig config, Map<String, GgufValue> keys) {
        config.requireOneOf("sliding_window_pattern", "LLLG", 4L);
        HuggingFaceFamilies.slidingWindow(config, keys);
        HuggingFaceFamilies.requireWindows(config, layer -> config.json().has("sliding_window") && layer % 4 < 3);
    }

    /** What is called a dynamic stretching with an alpha is another base of the rotation, whatever the context. */
    private static void hunyuan(ModelConfig config, Map<String, GgufValue> keys) {
        config.requireOneOf("use_qk_norm", true);
        config.requireOneOf("use_cla", false);
        config.requireOneOf("attention_bias", false);
        config.requireOneOf("mlp_bias", false);
        double alpha = config.json()
                .findObject("rope_scaling")
                .or(config::ropeParameters)
                .flatMap(own -> own.has("alpha") ? Optional.of(own.requireDouble("alpha")) : Optional.empty())
                .orElse(0.0);
        if (alpha > 0) {
            double dims = config.ropeDims();
            keys.put("rope.freq_base", GgufValue.of((float) (config.ropeTheta() * Math.pow(alpha, dims / (dims - 2)))));
        }
    }

    private static void cohere(ModelConfig config, Map<String, GgufValue> keys) {
        keys.put("logit_scale", GgufValue.of((float) config.json().requireDouble("logit_scale")));
        if (config.json().has("model_max_length")) {
            keys.put("context_length", GgufValue.ofUint32(config.count("model_max_length")));
        }
    }

    private static void cohere2(ModelConfig config, Map<String, GgufValue> keys) {
        cohere(config, keys);
        config.requireOneOf("use_qk_norm", false);
        config.requireOneOf("use_parallel_block", true);
        config.requireOneOf("use_gated_activation", true);
        config.requireOneOf("position_embedding_type", "rope_gptj");
        config.requireOneOf("order_of_interleaved_layers", "local_attn_first");
        config.requireOneOf("sliding_window_pattern", 4L);
        config.requireOneOf("layer_switch", 4L);
        HuggingFaceFamilies.slidingWindow(config, keys);
        HuggingFaceFamilies.requireWindows(config, layer -> layer % 4 < 3);
    }
}
