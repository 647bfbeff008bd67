package dev.chaku.internal.arch.family;

import static dev.chaku.internal.huggingface.TensorRule.matrix;
import static dev.chaku.internal.huggingface.TensorRule.vector;
import static dev.chaku.internal.huggingface.TensorRules.BLOCK;
import static dev.chaku.internal.huggingface.TensorRules.LAYER;

import dev.chaku.gguf.GgufValue;
import dev.chaku.internal.huggingface.ModelConfig;
import dev.chaku.internal.huggingface.RowOrder;
import dev.chaku.internal.huggingface.Size;
import dev.chaku.internal.huggingface.TensorRule;
import dev.chaku.internal.huggingface.TensorRule.Values;
import dev.chaku.internal.huggingface.TensorRule.Where;
import dev.chaku.internal.huggingface.TensorRules;
import java.util.List;
import java.util.Map;

/** What families with a running memory in place of attention in most layers have in common at Hugging Face. */
final class MixerRules {
    private MixerRules() {}

    /** Attention of those layers that have it. */
    static TensorRules attention(TensorRules rules, String output, Size queries, String norm) {
        String from = LAYER + "self_attn.";
        List.of(
                        matrix(from + "q_proj.weight", BLOCK + "attn_q.weight", queries, Size.WIDTH),
                        matrix(from + "k_proj.weight", BLOCK + "attn_k.weight", Size.KEYS, Size.WIDTH),
                        matrix(from + "v_proj.weight", BLOCK + "attn_v.weight", Size.KEYS, Size.WIDTH),
                        vector(from + "q" + norm + ".weight", BLOCK + "attn_q_norm.weight", Size.HEAD),
                        vector(from + "k" + norm + ".weight", BLOCK + "attn_k_norm.weight", Size.HEAD),
                        matrix(from + output + ".weight", BLOCK + "attn_output.weight", Size.WIDTH, Size.QUERIES))
                .forEach(rule -> rules.add(rule.in(Where.ATTENTION)));
        return rules;
    }

    /** What the generations with the delta rule have outside the feed-forward; their norms are stored less 1. */
    static TensorRules deltaRule(TensorRules rules, TensorRule... mixer) {
        rules.embedding().norm("input_layernorm", "attn_norm");
        attention(rules, "o_proj", Size.QUERIES_AND_GATES, "_norm")
                .norm("post_attention_layernorm", "post_attention_norm")
                .add(vector("model.norm.weight", "output_norm.weight", Size.WIDTH))
                .change(to -> to.endsWith("norm.weight"), rule -> rule.holding(Values.PLUS_ONE));
        for (TensorRule rule : mixer) {
            rules.add(rule.in(Where.MIXER));
        }
        return rules.head();
    }

    static void deltaRuleKeys(ModelConfig config, Map<String, GgufValue> keys) {
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
