package dev.chaku.internal.convert;

import static dev.chaku.internal.convert.HuggingFaceFamilies.LAYER;
import static dev.chaku.internal.convert.HuggingFaceFamilies.embedding;
import static dev.chaku.internal.convert.HuggingFaceFamilies.gated;
import static dev.chaku.internal.convert.HuggingFaceFamilies.head;
import static dev.chaku.internal.convert.HuggingFaceFamilies.products;
import static dev.chaku.internal.huggingface.TensorRule.matrix;
import static dev.chaku.internal.huggingface.TensorRule.vector;

import dev.chaku.gguf.GgufValue;
import dev.chaku.internal.huggingface.JsonFile;
import dev.chaku.internal.huggingface.ModelConfig;
import dev.chaku.internal.huggingface.RowOrder;
import dev.chaku.internal.huggingface.Size;
import dev.chaku.internal.huggingface.TensorRule;
import dev.chaku.internal.huggingface.TensorRule.Layout;
import dev.chaku.internal.huggingface.TensorRule.Need;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Function;

/** Families with LayerNorm, most of them without a gate in the feed-forward. */
final class LayerNormFamilies {
    private static final String BLOCK = "blk.{l}.";
    private static final List<String> TANH_GELU = List.of("gelu_new", "gelu", "gelu_fast", "gelu_pytorch_tanh");
    private static final Map<String, Object> FOUR_TIMES = Map.of("expansion_ratio", 4L);

    static final List<HuggingFaceFamily> ALL = List.of(
            new HuggingFaceFamily(
                    List.of("StableLmForCausalLM"),
                    "stablelm",
                    "layer_norm_eps",
                    true,
                    true,
                    false,
                    HuggingFaceFamilies.SILU,
                    LayerNormFamilies::stableLm,
                    LayerNormFamilies::stableLm,
                    Map.of()),
            family(
                    "Starcoder2ForCausalLM",
                    "starcoder2",
                    "norm_epsilon",
                    true,
                    true,
                    config -> starcoder2(),
                    LayerNormFamilies::starcoder2),
            family(
                    "GPT2LMHeadModel",
                    "gpt2",
                    "layer_norm_epsilon",
                    false,
                    true,
                    config -> gpt2(),
                    LayerNormFamilies::gpt2),
            family(
                    "FalconForCausalLM",
                    "falcon",
                    "layer_norm_epsilon",
                    true,
                    true,
                    LayerNormFamilies::falcon,
                    LayerNormFamilies::falcon),
            family(
                    "GPTNeoXForCausalLM",
                    "gptneox",
                    "layer_norm_eps",
                    true,
                    false,
                    config -> gptNeox(),
                    LayerNormFamilies::gptNeox),
            family(
                    "BloomForCausalLM",
                    "bloom",
                    "layer_norm_epsilon",
                    false,
                    true,
                    config -> bloom(),
                    LayerNormFamilies::bloom),
            family("PhiForCausalLM", "phi2", "layer_norm_eps", true, false, config -> phi2(), LayerNormFamilies::phi2),
            mpt("MPTForCausalLM"),
            mpt("MptForCausalLM"));

    private LayerNormFamilies() {}

    private static HuggingFaceFamily family(
            String className,
            String architecture,
            String epsilon,
            boolean rotary,
            boolean tied,
            Function<ModelConfig, List<TensorRule>> rules,
            BiConsumer<ModelConfig, Map<String, GgufValue>> extra) {
        return new HuggingFaceFamily(
                List.of(className), architecture, epsilon, true, rotary, tied, TANH_GELU, rules, extra, FOUR_TIMES);
    }

    private static HuggingFaceFamily mpt(String className) {
        return family(className, "mpt", "layer_norm_epsilon", false, true, config -> mpt(), LayerNormFamilies::mpt)
                .withDefaults(Map.of("expansion_ratio", 4L, "layer_norm_epsilon", 1e-5));
    }

    /** Weight and bias of a LayerNorm. */
    private static List<TensorRule> layerNorm(String from, String to) {
        return List.of(
                vector(from + ".weight", to + ".weight", Size.WIDTH), vector(from + ".bias", to + ".bias", Size.WIDTH));
    }

    /** Weight of a product and its bias. */
    private static List<TensorRule> biased(String from, String to, Size rows, Size columns, Layout layout) {
        return List.of(
                matrix(from + ".weight", to + ".weight", rows, columns).stored(layout),
                vector(from + ".bias", to + ".bias", rows));
    }

    private static List<TensorRule> stableLm(ModelConfig config) {
        List<TensorRule> rules = new ArrayList<>(embedding());
        rules.addAll(layerNorm(LAYER + "input_layernorm", BLOCK + "attn_norm"));
        products(rules, "stablelm");
        if (config.json().bool("qk_layernorm", false)) {
            rules.add(headNorms("q", Size.HEADS));
            rules.add(headNorms("k", Size.KV_HEADS));
        }
        // Parallel halves share the first norm.
        if (!config.json().bool("use_parallel_residual", false)) {
            rules.addAll(layerNorm(LAYER + "post_attention_layernorm", BLOCK + "ffn_norm"));
        }
        gated(rules, "stablelm");
        rules.addAll(layerNorm("model.norm", "output_norm"));
        rules.add(head());
        return rules;
    }

    /** Each head has norms of its own. */
    private static TensorRule headNorms(String which, Size heads) {
        String from = LAYER + "self_attn." + which + "_layernorm.norms.{e}.weight";
        return matrix(from, BLOCK + "attn_" + which + "_norm.weight", heads, Size.HEAD)
                .stored(Layout.EACH_ROW);
    }

    private static List<TensorRule> starcoder2() {
        List<TensorRule> rules = new ArrayList<>(embedding());
        rules.addAll(layerNorm(LAYER + "input_layernorm", BLOCK + "attn_norm"));
        products(rules, "starcoder2");
        rules.addAll(layerNorm(LAYER + "post_attention_layernorm", BLOCK + "ffn_norm"));
        rules.addAll(biased(LAYER + "mlp.c_fc", BLOCK + "ffn_up", Size.FF, Size.WIDTH, Layout.PLAIN));
        rules.addAll(biased(LAYER + "mlp.c_proj", BLOCK + "ffn_down", Size.WIDTH, Size.FF, Layout.PLAIN));
        rules.addAll(layerNorm("model.norm", "output_norm"));
        rules.add(head());
        return rules;
    }

    /** Products are stored [inputs, outputs]. */
    private static List<TensorRule> gpt2() {
        String layer = "transformer.h.{l}.";
        List<TensorRule> rules = new ArrayList<>();
        rules.add(matrix("transformer.wte.weight", "token_embd.weight", Size.VOCAB, Size.WIDTH));
        rules.add(matrix("transformer.wpe.weight", "position_embd.weight", Size.CONTEXT, Size.WIDTH));
        rules.addAll(layerNorm(layer + "ln_1", BLOCK + "attn_norm"));
        rules.addAll(
                biased(layer + "attn.c_attn", BLOCK + "attn_qkv", Size.QUERIES_KEYS_VALUES, Size.WIDTH, Layout.TURNED));
        rules.addAll(biased(layer + "attn.c_proj", BLOCK + "attn_output", Size.WIDTH, Size.QUERIES, Layout.TURNED));
        rules.addAll(layerNorm(layer + "ln_2", BLOCK + "ffn_norm"));
        rules.addAll(biased(layer + "mlp.c_fc", BLOCK + "ffn_up", Size.FF, Size.WIDTH, Layout.TURNED));
        rules.addAll(biased(layer + "mlp.c_proj", BLOCK + "ffn_down", Size.WIDTH, Size.FF, Layout.TURNED));
        rules.addAll(layerNorm("transformer.ln_f", "output_norm"));
        rules.add(head());
        return rules;
    }

    /** The larger models have several key heads, and two norms or one before their parallel halves. */
    private static List<TensorRule> falcon(ModelConfig config) {
        String layer = "transformer.h.{l}.";
        List<TensorRule> rules = new ArrayList<>();
        rules.add(matrix("transformer.word_embeddings.weight", "token_embd.weight", Size.VOCAB, Size.WIDTH));
        boolean larger = config.json().bool("new_decoder_architecture", false);
        if (larger && config.json().findInt("num_ln_in_parallel_attn").orElse(2) == 2) {
            rules.addAll(layerNorm(layer + "ln_attn", BLOCK + "attn_norm_2"));
            rules.addAll(layerNorm(layer + "ln_mlp", BLOCK + "attn_norm"));
        } else {
            rules.addAll(layerNorm(layer + "input_layernorm", BLOCK + "attn_norm"));
        }
        rules.add(matrix(
                        layer + "self_attention.query_key_value.weight",
                        BLOCK + "attn_qkv.weight",
                        Size.QUERIES_KEYS_VALUES,
                        Size.WIDTH)
                .ordered(RowOrder.GROUPS));
        rules.add(
                matrix(layer + "self_attention.dense.weight", BLOCK + "attn_output.weight", Size.WIDTH, Size.QUERIES));
        rules.add(matrix(layer + "mlp.dense_h_to_4h.weight", BLOCK + "ffn_up.weight", Size.FF, Size.WIDTH));
        rules.add(matrix(layer + "mlp.dense_4h_to_h.weight", BLOCK + "ffn_down.weight", Size.WIDTH, Size.FF));
        rules.addAll(layerNorm("transformer.ln_f", "output_norm"));
        rules.add(head());
        return rules;
    }

    private static List<TensorRule> gptNeox() {
        String layer = "gpt_neox.layers.{l}.";
        List<TensorRule> rules = new ArrayList<>();
        rules.add(matrix("gpt_neox.embed_in.weight", "token_embd.weight", Size.VOCAB, Size.WIDTH));
        rules.addAll(layerNorm(layer + "input_layernorm", BLOCK + "attn_norm"));
        rules.addAll(queryKeyValue(layer + "attention."));
        rules.addAll(layerNorm(layer + "post_attention_layernorm", BLOCK + "ffn_norm"));
        rules.addAll(fourTimes(layer + "mlp."));
        rules.addAll(layerNorm("gpt_neox.final_layer_norm", "output_norm"));
        rules.add(matrix("embed_out.weight", "output.weight", Size.VOCAB, Size.WIDTH)
                .needed(Need.UNLESS_TIED));
        return rules;
    }

    private static List<TensorRule> bloom() {
        String layer = "transformer.h.{l}.";
        List<TensorRule> rules = new ArrayList<>();
        rules.add(matrix("transformer.word_embeddings.weight", "token_embd.weight", Size.VOCAB, Size.WIDTH));
        rules.addAll(layerNorm("transformer.word_embeddings_layernorm", "token_embd_norm"));
        rules.addAll(layerNorm(layer + "input_layernorm", BLOCK + "attn_norm"));
        rules.addAll(queryKeyValue(layer + "self_attention."));
        rules.addAll(layerNorm(layer + "post_attention_layernorm", BLOCK + "ffn_norm"));
        rules.addAll(fourTimes(layer + "mlp."));
        rules.addAll(layerNorm("transformer.ln_f", "output_norm"));
        rules.add(head());
        return rules;
    }

    /** Query, key and value of each head together, and the output. */
    private static List<TensorRule> queryKeyValue(String block) {
        List<TensorRule> rules = new ArrayList<>();
        biased(block + "query_key_value", BLOCK + "attn_qkv", Size.QUERIES_KEYS_VALUES, Size.WIDTH, Layout.PLAIN)
                .forEach(rule -> rules.add(rule.ordered(RowOrder.GROUPS)));
        rules.addAll(biased(block + "dense", BLOCK + "attn_output", Size.WIDTH, Size.QUERIES, Layout.PLAIN));
        return rules;
    }

    private static List<TensorRule> fourTimes(String block) {
        List<TensorRule> rules = new ArrayList<>();
        rules.addAll(biased(block + "dense_h_to_4h", BLOCK + "ffn_up", Size.FF, Size.WIDTH, Layout.PLAIN));
        rules.addAll(biased(block + "dense_4h_to_h", BLOCK + "ffn_down", Size.WIDTH, Size.FF, Layout.PLAIN));
        return rules;
    }

    private static List<TensorRule> phi2() {
        List<TensorRule> rules = new ArrayList<>(embedding());
        rules.addAll(layerNorm(LAYER + "input_layernorm", BLOCK + "attn_norm"));
        rules.addAll(biased(LAYER + "self_attn.q_proj", BLOCK + "attn_q", Size.QUERIES, Size.WIDTH, Layout.PLAIN));
        rules.addAll(biased(LAYER + "self_attn.k_proj", BLOCK + "attn_k", Size.KEYS, Size.WIDTH, Layout.PLAIN));
        rules.addAll(biased(LAYER + "self_attn.v_proj", BLOCK + "attn_v", Size.KEYS, Size.WIDTH, Layout.PLAIN));
        rules.addAll(biased(LAYER + "self_attn.dense", BLOCK + "attn_output", Size.WIDTH, Size.QUERIES, Layout.PLAIN));
        rules.addAll(biased(LAYER + "mlp.fc1", BLOCK + "ffn_up", Size.FF, Size.WIDTH, Layout.PLAIN));
        rules.addAll(biased(LAYER + "mlp.fc2", BLOCK + "ffn_down", Size.WIDTH, Size.FF, Layout.PLAIN));
        rules.addAll(layerNorm("model.final_layernorm", "output_norm"));
        rules.addAll(biased("lm_head", "output", Size.VOCAB, Size.WIDTH, Layout.PLAIN));
        return rules;
    }

    private static List<TensorRule> mpt() {
        String layer = "transformer.blocks.{l}.";
        return List.of(
                matrix("transformer.wte.weight", "token_embd.weight", Size.VOCAB, Size.WIDTH),
                vector(layer + "norm_1.weight", BLOCK + "attn_norm.weight", Size.WIDTH),
                matrix(layer + "attn.Wqkv.weight", BLOCK + "attn_qkv.weight", Size.QUERIES_KEYS_VALUES, Size.WIDTH),
                matrix(layer + "attn.out_proj.weight", BLOCK + "attn_output.weight", Size.WIDTH, Size.QUERIES),
                vector(layer + "norm_2.weight", BLOCK + "ffn_norm.weight", Size.WIDTH),
                matrix(layer + "ffn.up_proj.weight", BLOCK + "ffn_up.weight", Size.FF, Size.WIDTH),
                matrix(layer + "ffn.down_proj.weight", BLOCK + "ffn_down.weight", Size.WIDTH, Size.FF),
                vector("transformer.norm_f.weight", "output_norm.weight", Size.WIDTH),
                head());
    }

    private static void stableLm(ModelConfig config, Map<String, GgufValue> keys) {
        keys.put("use_parallel_residual", GgufValue.of(config.json().bool("use_parallel_residual", false)));
    }

    private static void starcoder2(ModelConfig config, Map<String, GgufValue> keys) {
        config.requireOneOf("use_bias", true);
        HuggingFaceFamilies.slidingWindow(config, keys);
    }

    private static void gpt2(ModelConfig config, Map<String, GgufValue> keys) {
        config.requireOneOf("scale_attn_weights", true);
        config.requireOneOf("scale_attn_by_inverse_layer_idx", false);
        config.requireOneOf("add_cross_attention", false);
    }

    private static void falcon(ModelConfig config, Map<String, GgufValue> keys) {
        config.requireOneOf("alibi", false);
        config.requireOneOf("bias", false);
        config.requireOneOf("parallel_attn", true);
        config.requireOneOf("num_ln_in_parallel_attn", 1L, 2L);
        if (!config.json().bool("new_decoder_architecture", false)) {
            config.requireOneOf("multi_query", true);
        }
    }

    private static void gptNeox(ModelConfig config, Map<String, GgufValue> keys) {
        keys.put("use_parallel_residual", GgufValue.of(config.json().bool("use_parallel_residual", true)));
    }

    private static void bloom(ModelConfig config, Map<String, GgufValue> keys) {
        config.requireOneOf("apply_residual_connection_post_layernorm", false);
    }

    private static void phi2(ModelConfig config, Map<String, GgufValue> keys) {
        config.requireOneOf("qk_layernorm", false);
    }

    private static void mpt(ModelConfig config, Map<String, GgufValue> keys) {
        config.requireOneOf("no_bias", true);
        config.requireOneOf("logit_scale");
        config.requireOneOf("embedding_fraction", 1L, 1.0);
        JsonFile attention = config.json()
                .findObject("attn_config")
                .orElseThrow(() -> config.error("attn_config", "an object with alibi", null));
        if (!attention.bool("alibi", false)) {
            throw attention.error(
                    "alibi", "true (learned positions are not supported for " + config.architecture() + ")", false);
        }
        String otherwise = " (others are not supported for " + config.architecture() + ")";
        Map.of(
                        "attn_type",
                        "multihead_attention",
                        "qk_ln",
                        false,
                        "qk_gn",
                        false,
                        "prefix_lm",
                        false,
                        "sliding_window_size",
                        -1L)
                .forEach((key, usual) -> {
                    if (attention.has(key) && !usual.equals(attention.fields().get(key))) {
                        throw attention.error(
                                key, usual + otherwise, attention.fields().get(key));
                    }
                });
        for (String key : List.of("clip_qkv", "softmax_scale")) {
            if (attention.has(key)) {
                throw attention.error(
                        key, "nothing" + otherwise, attention.fields().get(key));
            }
        }
        keys.put("attention.max_alibi_bias", GgufValue.of((float)
                attention.findDouble("alibi_bias_max").orElse(8)));
    }
}
