package dev.chaku.internal.convert;

import static dev.chaku.internal.convert.HuggingFaceFamilies.LAYER;
import static dev.chaku.internal.convert.HuggingFaceFamilies.SILU;
import static dev.chaku.internal.convert.HuggingFaceFamilies.embedding;
import static dev.chaku.internal.convert.HuggingFaceFamilies.gated;
import static dev.chaku.internal.convert.HuggingFaceFamilies.head;
import static dev.chaku.internal.convert.HuggingFaceFamilies.rms;
import static dev.chaku.internal.huggingface.TensorRule.matrix;
import static dev.chaku.internal.huggingface.TensorRule.vector;

import dev.chaku.gguf.GgufValue;
import dev.chaku.internal.huggingface.JsonFile;
import dev.chaku.internal.huggingface.ModelConfig;
import dev.chaku.internal.huggingface.RowOrder;
import dev.chaku.internal.huggingface.Size;
import dev.chaku.internal.huggingface.TensorRule;
import dev.chaku.internal.huggingface.TensorRule.Layout;
import dev.chaku.internal.huggingface.TensorRule.Values;
import dev.chaku.internal.huggingface.TensorRule.Where;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** Families with a running memory in place of attention in most layers. */
final class MixerFamilies {
    private static final String BLOCK = "blk.{l}.";

    /** Dimensions of a position in time, height and width, which are all the same in a text. */
    private static final List<Long> SECTIONS = List.of(11L, 11L, 10L);

    static final List<HuggingFaceFamily> ALL = List.of(
            new HuggingFaceFamily(
                    List.of("Lfm2ForCausalLM", "LFM2ForCausalLM", "Lfm2VlForConditionalGeneration"),
                    "lfm2",
                    "norm_eps",
                    false,
                    true,
                    true,
                    SILU,
                    config -> lfm2(),
                    MixerFamilies::lfm2,
                    Map.of(
                            "block_auto_adjust_ff_dim",
                            true,
                            "block_multiple_of",
                            256L,
                            "block_ffn_dim_multiplier",
                            1.0)),
            rms(
                    List.of("Qwen3_5ForConditionalGeneration", "Qwen3_5ForCausalLM"),
                    "qwen35",
                    qwen35(),
                    MixerFamilies::qwen35),
            rms(List.of("Qwen3NextForCausalLM"), "qwen3next", qwen3Next(), MixerFamilies::qwen3Next)
                    .withDefaults(Map.of("norm_topk_prob", true)));

    private MixerFamilies() {}

    private static List<TensorRule> lfm2() {
        List<TensorRule> rules = new ArrayList<>(embedding());
        rules.add(vector("model.embedding_norm.weight", "token_embd_norm.weight", Size.WIDTH));
        rules.add(vector(LAYER + "operator_norm.weight", BLOCK + "attn_norm.weight", Size.WIDTH));
        attention(rules, "out_proj", Size.QUERIES, "_layernorm");
        String from = LAYER + "conv.";
        String to = BLOCK + "shortconv.";
        List.of(
                        matrix(from + "in_proj.weight", to + "in_proj.weight", Size.CONVOLUTION_IN, Size.WIDTH),
                        matrix(from + "conv.weight", to + "conv.weight", Size.WIDTH, Size.TAPS)
                                .stored(Layout.TAPS),
                        matrix(from + "out_proj.weight", to + "out_proj.weight", Size.WIDTH, Size.WIDTH))
                .forEach(rule -> rules.add(rule.in(Where.MIXER)));
        rules.add(vector(LAYER + "ffn_norm.weight", BLOCK + "ffn_norm.weight", Size.WIDTH));
        String ff = LAYER + "feed_forward.";
        rules.add(matrix(ff + "w1.weight", BLOCK + "ffn_gate.weight", Size.FF, Size.WIDTH));
        rules.add(matrix(ff + "w3.weight", BLOCK + "ffn_up.weight", Size.FF, Size.WIDTH));
        rules.add(matrix(ff + "w2.weight", BLOCK + "ffn_down.weight", Size.WIDTH, Size.FF));
        rules.add(head());
        return rules;
    }

    /** Attention of those layers that have it. */
    private static void attention(List<TensorRule> rules, String output, Size queries, String norm) {
        String from = LAYER + "self_attn.";
        List.of(
                        matrix(from + "q_proj.weight", BLOCK + "attn_q.weight", queries, Size.WIDTH),
                        matrix(from + "k_proj.weight", BLOCK + "attn_k.weight", Size.KEYS, Size.WIDTH),
                        matrix(from + "v_proj.weight", BLOCK + "attn_v.weight", Size.KEYS, Size.WIDTH),
                        vector(from + "q" + norm + ".weight", BLOCK + "attn_q_norm.weight", Size.HEAD),
                        vector(from + "k" + norm + ".weight", BLOCK + "attn_k_norm.weight", Size.HEAD),
                        matrix(from + output + ".weight", BLOCK + "attn_output.weight", Size.WIDTH, Size.QUERIES))
                .forEach(rule -> rules.add(rule.in(Where.ATTENTION)));
    }

    /** What both generations with the delta rule have outside the feed-forward; their norms are stored less 1. */
    private static List<TensorRule> deltaRule(List<TensorRule> mixer) {
        List<TensorRule> rules = new ArrayList<>(embedding());
        rules.add(vector(LAYER + "input_layernorm.weight", BLOCK + "attn_norm.weight", Size.WIDTH));
        attention(rules, "o_proj", Size.QUERIES_AND_GATES, "_norm");
        rules.add(vector(LAYER + "post_attention_layernorm.weight", BLOCK + "post_attention_norm.weight", Size.WIDTH));
        rules.add(vector("model.norm.weight", "output_norm.weight", Size.WIDTH));
        rules.replaceAll(rule -> rule.to().endsWith("norm.weight") ? rule.holding(Values.PLUS_ONE) : rule);
        mixer.forEach(rule -> rules.add(rule.in(Where.MIXER)));
        rules.add(head());
        return rules;
    }

    /** Value heads of the delta rule stand in another order in files. */
    private static List<TensorRule> qwen35() {
        String from = LAYER + "linear_attn.";
        List<TensorRule> rules = new ArrayList<>(deltaRule(List.of(
                matrix(from + "in_proj_qkv.weight", BLOCK + "attn_qkv.weight", Size.DELTA_CHANNELS, Size.WIDTH)
                        .ordered(RowOrder.TILED_CHANNELS),
                matrix(from + "in_proj_z.weight", BLOCK + "attn_gate.weight", Size.DELTA_VALUES, Size.WIDTH)
                        .ordered(RowOrder.TILED_VALUES),
                matrix(from + "conv1d.weight", BLOCK + "ssm_conv1d.weight", Size.DELTA_CHANNELS, Size.TAPS)
                        .stored(Layout.TAPS)
                        .ordered(RowOrder.TILED_CHANNELS),
                vector(from + "dt_bias", BLOCK + "ssm_dt.bias", Size.DELTA_VALUE_HEADS)
                        .ordered(RowOrder.TILED_HEADS),
                vector(from + "A_log", BLOCK + "ssm_a", Size.DELTA_VALUE_HEADS)
                        .ordered(RowOrder.TILED_HEADS)
                        .holding(Values.MINUS_EXP),
                matrix(from + "in_proj_b.weight", BLOCK + "ssm_beta.weight", Size.DELTA_VALUE_HEADS, Size.WIDTH)
                        .ordered(RowOrder.TILED_HEADS),
                matrix(from + "in_proj_a.weight", BLOCK + "ssm_alpha.weight", Size.DELTA_VALUE_HEADS, Size.WIDTH)
                        .ordered(RowOrder.TILED_HEADS),
                vector(from + "norm.weight", BLOCK + "ssm_norm.weight", Size.DELTA_VALUE_HEAD),
                matrix(from + "out_proj.weight", BLOCK + "ssm_out.weight", Size.WIDTH, Size.DELTA_VALUES)
                        .columnsOrdered(RowOrder.TILED_VALUES))));
        gated(rules, "qwen35");
        return rules;
    }

    /** Queries, keys, values and gates of the delta rule share a tensor. */
    private static List<TensorRule> qwen3Next() {
        String from = LAYER + "linear_attn.";
        List<TensorRule> rules = new ArrayList<>(deltaRule(List.of(
                matrix(from + "in_proj_qkvz.weight", BLOCK + "attn_qkv.weight", Size.DELTA_CHANNELS, Size.WIDTH)
                        .ordered(RowOrder.DELTA_CHANNELS),
                matrix(from + "in_proj_qkvz.weight", BLOCK + "attn_gate.weight", Size.DELTA_VALUES, Size.WIDTH)
                        .ordered(RowOrder.DELTA_GATES),
                matrix(from + "conv1d.weight", BLOCK + "ssm_conv1d.weight", Size.DELTA_CHANNELS, Size.TAPS)
                        .stored(Layout.TAPS),
                vector(from + "dt_bias", BLOCK + "ssm_dt.bias", Size.DELTA_VALUE_HEADS),
                vector(from + "A_log", BLOCK + "ssm_a", Size.DELTA_VALUE_HEADS).holding(Values.MINUS_EXP),
                matrix(from + "in_proj_ba.weight", BLOCK + "ssm_ba.weight", Size.DELTA_TWO_FOR_EACH_HEAD, Size.WIDTH),
                vector(from + "norm.weight", BLOCK + "ssm_norm.weight", Size.DELTA_VALUE_HEAD),
                matrix(from + "out_proj.weight", BLOCK + "ssm_out.weight", Size.WIDTH, Size.DELTA_VALUES))));
        rules.addAll(ExpertFamilies.experts(LAYER + "mlp.", "gate_proj", "up_proj", "down_proj"));
        rules.addAll(ExpertFamilies.sharedExpert());
        return rules;
    }

    /** Layers without attention are those without key heads. */
    private static void lfm2(ModelConfig config, Map<String, GgufValue> keys) {
        config.requireOneOf("conv_bias", false);
        config.requireOneOf("block_use_swiglu", true);
        int[] kvHeads = IntStream.range(0, config.layers())
                .map(l -> config.hasAttention(l) ? config.kvHeads() : 0)
                .toArray();
        keys.put("attention.head_count_kv", GgufValue.of(kvHeads));
        keys.put("shortconv.l_cache", GgufValue.ofUint32(config.of(Size.TAPS)));
    }

    private static void qwen35(ModelConfig config, Map<String, GgufValue> keys) {
        config.requireOneOf("attn_output_gate", true);
        deltaRule(config, keys);
        JsonFile rope = config.ropeParameters()
                .or(() -> config.json().findObject("rope_scaling"))
                .orElse(config.json());
        List<?> sections = rope.findList("mrope_section").isPresent()
                ? rope.findList("mrope_section").get()
                : SECTIONS;
        int[] four = new int[4];
        for (int i = 0; i < sections.size(); i++) {
            if (i >= 3 || !(sections.get(i) instanceof Long size) || size < 0 || size > config.headDim()) {
                throw rope.error("mrope_section", "three sizes of at most " + config.headDim(), sections);
            }
            four[i] = size.intValue();
        }
        keys.put("rope.dimension_sections", GgufValue.of(four));
    }

    private static void qwen3Next(ModelConfig config, Map<String, GgufValue> keys) {
        ExpertFamilies.keysOfQwen(config, keys);
        deltaRule(config, keys);
    }

    private static void deltaRule(ModelConfig config, Map<String, GgufValue> keys) {
        config.requireOneOf("attention_bias", false);
        int interval = config.attentionInterval();
        for (int l = 0; l < config.layers(); l++) {
            if (config.hasAttention(l) != ((l + 1) % interval == 0)) {
                throw config.error(
                        "layer_types",
                        "full_attention in each " + interval + "th layer alone",
                        "another kind in layer " + l);
            }
        }
        RowOrder.Sizes sizes = config.sizes();
        keys.put("full_attention_interval", GgufValue.ofUint32(interval));
        keys.put("ssm.conv_kernel", GgufValue.ofUint32(config.of(Size.TAPS)));
        keys.put("ssm.inner_size", GgufValue.ofUint32(config.of(Size.DELTA_VALUES)));
        keys.put("ssm.state_size", GgufValue.ofUint32(sizes.keyDim()));
        keys.put("ssm.time_step_rank", GgufValue.ofUint32(sizes.valueHeads()));
        keys.put("ssm.group_count", GgufValue.ofUint32(sizes.keyHeads()));
    }
}
