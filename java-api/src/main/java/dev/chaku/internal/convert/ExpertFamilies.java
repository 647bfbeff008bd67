package dev.chaku.internal.convert;

import static dev.chaku.internal.convert.HuggingFaceFamilies.LAYER;
import static dev.chaku.internal.convert.HuggingFaceFamilies.attention;
import static dev.chaku.internal.convert.HuggingFaceFamilies.embedding;
import static dev.chaku.internal.convert.HuggingFaceFamilies.headNorms;
import static dev.chaku.internal.convert.HuggingFaceFamilies.output;
import static dev.chaku.internal.convert.HuggingFaceFamilies.renamed;
import static dev.chaku.internal.convert.HuggingFaceFamilies.rms;
import static dev.chaku.internal.huggingface.TensorRule.matrix;
import static dev.chaku.internal.huggingface.TensorRule.vector;

import dev.chaku.gguf.GgufValue;
import dev.chaku.internal.huggingface.ModelConfig;
import dev.chaku.internal.huggingface.RowOrder;
import dev.chaku.internal.huggingface.Size;
import dev.chaku.internal.huggingface.TensorRule;
import dev.chaku.internal.huggingface.TensorRule.Layout;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Families with experts in each layer. */
final class ExpertFamilies {
    private static final String BLOCK = "blk.{l}.";

    static final List<HuggingFaceFamily> ALL = List.of(
            rms(List.of("MixtralForCausalLM"), "llama", mixtral(), ExpertFamilies::mixtral),
            rms(List.of("Qwen2MoeForCausalLM"), "qwen2moe", qwen2Moe(), ExpertFamilies::qwenMoe),
            rms(List.of("Qwen3MoeForCausalLM"), "qwen3moe", qwen3Moe(), ExpertFamilies::qwenMoe),
            rms(List.of("GptOssForCausalLM"), "gpt-oss", gptOss(), ExpertFamilies::gptOss));

    private ExpertFamilies() {}

    private static List<TensorRule> mixtral() {
        List<TensorRule> rules = new ArrayList<>(embedding());
        rules.addAll(attention("llama"));
        rules.addAll(experts(LAYER + "block_sparse_moe.", "w1", "w3", "w2"));
        rules.addAll(output());
        return rules;
    }

    static List<TensorRule> experts(String block, String gate, String up, String down) {
        String expert = block + "experts.{e}.";
        return List.of(
                matrix(block + "gate.weight", BLOCK + "ffn_gate_inp.weight", Size.EXPERTS, Size.WIDTH),
                stack(expert + gate, "ffn_gate_exps", Size.EXPERT_FF, Size.WIDTH),
                stack(expert + up, "ffn_up_exps", Size.EXPERT_FF, Size.WIDTH),
                stack(expert + down, "ffn_down_exps", Size.WIDTH, Size.EXPERT_FF));
    }

    private static TensorRule stack(String from, String to, Size rows, Size columns) {
        return matrix(from + ".weight", BLOCK + to + ".weight", rows, columns).stored(Layout.EACH_EXPERT);
    }

    private static List<TensorRule> qwen2Moe() {
        List<TensorRule> rules = new ArrayList<>(embedding());
        rules.addAll(attention("qwen2moe"));
        rules.addAll(experts(LAYER + "mlp.", "gate_proj", "up_proj", "down_proj"));
        rules.addAll(sharedExpert());
        rules.addAll(output());
        return rules;
    }

    private static List<TensorRule> qwen3Moe() {
        List<TensorRule> rules = new ArrayList<>(embedding());
        rules.addAll(attention("qwen3moe"));
        rules.addAll(experts(LAYER + "mlp.", "gate_proj", "up_proj", "down_proj"));
        rules.addAll(output());
        return headNorms(rules);
    }

    static List<TensorRule> sharedExpert() {
        String shared = LAYER + "mlp.shared_expert";
        return List.of(
                vector(shared + "_gate.weight", BLOCK + "ffn_gate_inp_shexp.weight", Size.WIDTH),
                matrix(shared + ".gate_proj.weight", BLOCK + "ffn_gate_shexp.weight", Size.SHARED_FF, Size.WIDTH),
                matrix(shared + ".up_proj.weight", BLOCK + "ffn_up_shexp.weight", Size.SHARED_FF, Size.WIDTH),
                matrix(shared + ".down_proj.weight", BLOCK + "ffn_down_shexp.weight", Size.WIDTH, Size.SHARED_FF));
    }

    /** Gate and up are rows in turns of one tensor that holds all experts. */
    private static List<TensorRule> gptOss() {
        List<TensorRule> rules = new ArrayList<>(embedding());
        rules.addAll(renamed(attention("gpt-oss"), "ffn_norm.weight", "post_attention_norm.weight"));
        rules.add(vector(LAYER + "self_attn.sinks", BLOCK + "attn_sinks.weight", Size.HEADS));
        rules.add(matrix(LAYER + "mlp.router.weight", BLOCK + "ffn_gate_inp.weight", Size.EXPERTS, Size.WIDTH));
        rules.add(vector(LAYER + "mlp.router.bias", BLOCK + "ffn_gate_inp.bias", Size.EXPERTS));
        String experts = LAYER + "mlp.experts.";
        gptOss(rules, experts + "gate_up_proj", "ffn_gate_exps", Size.EXPERT_FF, Size.WIDTH, RowOrder.EVEN);
        gptOss(rules, experts + "gate_up_proj", "ffn_up_exps", Size.EXPERT_FF, Size.WIDTH, RowOrder.ODD);
        gptOss(rules, experts + "down_proj", "ffn_down_exps", Size.WIDTH, Size.EXPERT_FF, RowOrder.AS_IS);
        rules.addAll(output());
        return rules;
    }

    private static void gptOss(
            List<TensorRule> rules, String from, String to, Size rows, Size columns, RowOrder order) {
        rules.add(matrix(from, BLOCK + to + ".weight", rows, columns)
                .stored(Layout.ALL_EXPERTS_TURNED)
                .ordered(order));
        rules.add(
                matrix(from + "_bias", BLOCK + to + ".bias", Size.EXPERTS, rows).columnsOrdered(order));
    }

    private static void mixtral(ModelConfig config, Map<String, GgufValue> keys) {
        HuggingFaceFamilies.llama(config, keys);
        keys.put("expert_count", GgufValue.ofUint32(config.of(Size.EXPERTS)));
        keys.put("expert_used_count", GgufValue.ofUint32(config.count("num_experts_per_tok")));
    }

    private static void qwenMoe(ModelConfig config, Map<String, GgufValue> keys) {
        HuggingFaceFamilies.fullAttention(config, keys);
        keysOfQwen(config, keys);
    }

    /** What the families with experts of qwen's kind have in common. */
    static void keysOfQwen(ModelConfig config, Map<String, GgufValue> keys) {
        config.requireOneOf("decoder_sparse_step", 1L);
        config.requireOneOf("mlp_only_layers", List.of());
        // No key of GGUF says it: each family takes one of the two for granted.
        boolean normalized = config.architecture().startsWith("Qwen3");
        if (config.json().bool("norm_topk_prob", false) != normalized) {
            throw config.error(
                    "norm_topk_prob",
                    normalized + " (the other is not supported for " + config.architecture() + ")",
                    !normalized);
        }
        keys.put("expert_count", GgufValue.ofUint32(config.of(Size.EXPERTS)));
        keys.put("expert_used_count", GgufValue.ofUint32(config.count("num_experts_per_tok")));
        keys.put("expert_feed_forward_length", GgufValue.ofUint32(config.of(Size.EXPERT_FF)));
        if (config.json().has("shared_expert_intermediate_size")) {
            keys.put("expert_shared_feed_forward_length", GgufValue.ofUint32(config.of(Size.SHARED_FF)));
        }
    }

    private static void gptOss(ModelConfig config, Map<String, GgufValue> keys) {
        config.requireOneOf("swiglu_limit", 7L, 7.0);
        config.requireOneOf("attention_bias", true);
        HuggingFaceFamilies.slidingWindow(config, keys);
        HuggingFaceFamilies.requireWindows(config, layer -> layer % 2 == 0);
        keys.put("expert_count", GgufValue.ofUint32(config.of(Size.EXPERTS)));
        keys.put("expert_used_count", GgufValue.ofUint32(config.count("num_experts_per_tok", "experts_per_token")));
        keys.put("expert_feed_forward_length", GgufValue.ofUint32(config.of(Size.EXPERT_FF)));
    }
}
