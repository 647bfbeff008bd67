package dev.chaku.internal.convert;

import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufMetadata;
import dev.chaku.gguf.GgufValue;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/** The config.json of a GGUF model. */
final class HuggingFaceConfig {
    private final GgufFile file;
    private final GgufMetadata metadata;
    private final String a;
    private final String className;
    private final Map<String, Object> config = new LinkedHashMap<>();

    HuggingFaceConfig(GgufFile file, String className) {
        this.file = file;
        this.metadata = file.metadata();
        this.a = metadata.requireString("general.architecture") + ".";
        this.className = className;
    }

    private int number(String key) {
        return metadata.requireInt(a + key);
    }

    Map<String, Object> write() {
        usual();
        rotation();
        special();
        boolean sees = className.endsWith("ForConditionalGeneration");
        return sees
                ? Map.of(
                        "architectures",
                        List.of(className),
                        "text_config",
                        config,
                        "vision_config",
                        Map.of("hidden_size", 3))
                : config;
    }

    private void usual() {
        boolean mpt = a.equals("mpt.");
        config.put("architectures", List.of(className));
        config.put(a.equals("gpt2.") ? "activation_function" : "hidden_act", activation());
        config.put(mpt ? "d_model" : a.equals("bloom.") ? "n_embed" : "hidden_size", number("embedding_length"));
        config.put(a.equals("lfm2.") ? "block_ff_dim" : "intermediate_size", number("feed_forward_length"));
        config.put(mpt ? "n_layers" : "num_hidden_layers", number("block_count"));
        config.put(mpt ? "n_heads" : "num_attention_heads", number("attention.head_count"));
        config.put(
                "num_key_value_heads",
                metadata.find(a + "attention.head_count_kv").orElseThrow() instanceof GgufValue.Int
                        ? number("attention.head_count_kv")
                        : Arrays.stream(metadata.requireNumbers(a + "attention.head_count_kv")
                                        .toInts())
                                .max()
                                .getAsInt());
        config.put(
                mpt ? "max_seq_len" : a.equals("bloom.") ? "seq_length" : "max_position_embeddings",
                number("context_length"));
        String epsilon = metadata.has(a + "attention.layer_norm_epsilon")
                ? "attention.layer_norm_epsilon"
                : "attention.layer_norm_rms_epsilon";
        if (!mpt) {
            config.put(epsilonName(), metadata.requireDouble(a + epsilon));
        }
        config.put("vocab_size", number("vocab_size"));
        config.put("tie_word_embeddings", file.findTensor("output.weight").isEmpty());
        metadata.findInt(a + "attention.key_length").ifPresent(n -> config.put("head_dim", n));
        boolean local = className.startsWith("Mixtral")
                || List.of("gpt-oss.", "granitemoe.").contains(a);
        metadata.findInt(a + "expert_count").ifPresent(n -> config.put(local ? "num_local_experts" : "num_experts", n));
        metadata.findInt(a + "expert_used_count").ifPresent(n -> config.put("num_experts_per_tok", n));
        metadata.findInt(a + "expert_feed_forward_length").ifPresent(n -> config.put("moe_intermediate_size", n));
        metadata.findInt(a + "expert_shared_feed_forward_length")
                .ifPresent(n -> config.put(
                        a.equals("granitemoe.") ? "shared_intermediate_size" : "shared_expert_intermediate_size", n));
        if (className.startsWith("Qwen3Moe")) {
            config.put("norm_topk_prob", true);
        }
    }

    private String activation() {
        return switch (a) {
            case "gpt2.", "phi2." -> "gelu_new";
            case "falcon.", "gptneox.", "bloom.", "mpt." -> "gelu";
            case "gemma.", "gemma2.", "gemma3.", "gemma4.", "starcoder2." -> "gelu_pytorch_tanh";
            default -> "silu";
        };
    }

    private String epsilonName() {
        return switch (a) {
            case "gpt2.", "falcon.", "bloom." -> "layer_norm_epsilon";
            case "starcoder2." -> "norm_epsilon";
            case "stablelm.", "gptneox.", "phi2.", "command-r.", "cohere2." -> "layer_norm_eps";
            case "lfm2.", "lfm2moe." -> "norm_eps";
            default -> "rms_norm_eps";
        };
    }

    private void rotation() {
        boolean own = List.of("mistral3.", "qwen35.", "qwen35moe.").contains(a);
        Map<String, Object> rope = new LinkedHashMap<>();
        Map<String, Object> base = own ? rope : config;
        metadata.findDouble(a + "rope.freq_base")
                .ifPresent(n -> base.put(a.equals("gptneox.") ? "rotary_emb_base" : "rope_theta", n));
        metadata.findInt(a + "rope.dimension_count").ifPresent(dims -> {
            int head = metadata.findInt(a + "attention.key_length")
                    .orElse(number("embedding_length") / number("attention.head_count"));
            if (dims != head) {
                base.put(a.equals("gptneox.") ? "rotary_pct" : "partial_rotary_factor", (double) dims / head);
            }
        });
        metadata.findString(a + "rope.scaling.type").ifPresent(type -> {
            rope.put("rope_type", type);
            rope.put("factor", metadata.requireDouble(a + "rope.scaling.factor"));
            metadata.findInt(a + "rope.scaling.original_context_length")
                    .ifPresent(n -> rope.put("original_max_position_embeddings", n));
            metadata.findDouble(a + "rope.scaling.yarn_beta_fast").ifPresent(n -> rope.put("beta_fast", n));
            metadata.findDouble(a + "rope.scaling.yarn_beta_slow").ifPresent(n -> rope.put("beta_slow", n));
        });
        metadata.findDouble(a + "attention.temperature_scale").ifPresent(n -> {
            rope.putAll(Map.of("llama_4_scaling_beta", n, "mscale", 1.0, "mscale_all_dim", 1.0));
        });
        if (a.equals("deepseek2.")) {
            metadata.findDouble(a + "rope.scaling.yarn_log_multiplier").ifPresent(tenth -> {
                double all = Math.round(1e4 * tenth) / 1e3;
                rope.putAll(Map.of("mscale", all, "mscale_all_dim", all));
            });
        }
        if (a.equals("gpt-oss.")) {
            rope.put("truncate", false);
        }
        if (a.startsWith("qwen35")) {
            int[] sections =
                    metadata.requireNumbers(a + "rope.dimension_sections").toInts();
            rope.put("mrope_section", List.of(sections[0], sections[1], sections[2]));
            rope.put("rope_type", "default");
        }
        if (!rope.isEmpty()) {
            config.put(own ? "rope_parameters" : "rope_scaling", rope);
        }
        if (file.findTensor("rope_factors_long.weight").isPresent()) {
            longRope();
        }
    }

    private void longRope() {
        Map<String, Object> scaling = new LinkedHashMap<>();
        scaling.put("type", "longrope");
        for (String which : List.of("long", "short")) {
            List<Double> factors = new ArrayList<>();
            FloatBuffer values = file.readTensor(file.requireTensor("rope_factors_" + which + ".weight"))
                    .asFloatBuffer();
            for (int i = 0; i < values.limit(); i++) {
                factors.add((double) values.get(i));
            }
            scaling.put(which + "_factor", factors);
        }
        scaling.put("attention_factor", metadata.requireDouble(a + "rope.scaling.attn_factor"));
        config.put("rope_scaling", scaling);
        config.put("original_max_position_embeddings", number("rope.scaling.original_context_length"));
    }

    private void gemma4(int layers) {
        boolean[] windowed = new boolean[layers];
        int[] flags =
                metadata.requireNumbers(a + "attention.sliding_window_pattern").toInts();
        for (int l = 0; l < layers; l++) {
            windowed[l] = flags[l] == 1;
        }
        int global = number("attention.key_length");
        FloatBuffer factors =
                file.readTensor(file.requireTensor("rope_freqs.weight")).asFloatBuffer();
        int turning = 0;
        while (turning < factors.limit() && factors.get(turning) == 1) {
            turning++;
        }
        config.put("head_dim", number("attention.key_length_swa"));
        config.put("global_head_dim", global);
        config.put("layer_types", kinds(layers, l -> windowed[l] ? "sliding_attention" : "full_attention"));
        config.put("num_kv_shared_layers", number("attention.shared_kv_layers"));
        config.put("hidden_size_per_layer_input", number("embedding_length_per_layer_input"));
        config.put("vocab_size_per_layer_input", number("vocab_size"));
        config.put(
                "rope_parameters",
                Map.of(
                        "full_attention",
                        Map.of(
                                "rope_type",
                                "proportional",
                                "rope_theta",
                                metadata.requireDouble(a + "rope.freq_base"),
                                "partial_rotary_factor",
                                2.0 * turning / global),
                        "sliding_attention",
                        Map.of(
                                "rope_type",
                                "default",
                                "rope_theta",
                                metadata.requireDouble(a + "rope.freq_base_swa"))));
        config.remove("rope_theta");
    }

    private void deepSeek() {
        int rope = number("rope.dimension_count");
        config.keySet().removeAll(List.of("head_dim", "num_experts", "partial_rotary_factor"));
        config.put("num_key_value_heads", number("attention.head_count"));
        config.put("q_lora_rank", number("attention.q_lora_rank"));
        config.put("kv_lora_rank", number("attention.kv_lora_rank"));
        config.put("qk_rope_head_dim", rope);
        config.put("qk_nope_head_dim", number("attention.key_length_mla") - rope);
        config.put("v_head_dim", number("attention.value_length_mla"));
        config.put("n_routed_experts", number("expert_count"));
        config.put("n_shared_experts", number("expert_shared_count"));
        config.put("first_k_dense_replace", number("leading_dense_block_count"));
        config.put("routed_scaling_factor", metadata.requireDouble(a + "expert_weights_scale"));
        config.put("n_group", metadata.findInt(a + "expert_group_count").orElse(1));
        config.put("topk_group", metadata.findInt(a + "expert_group_used_count").orElse(1));
    }

    /** What only some families have. */
    private void special() {
        Map<String, String> names = new LinkedHashMap<>(Map.of(
                "attention.sliding_window",
                "sliding_window",
                "attn_logit_softcapping",
                "attn_logit_softcapping",
                "final_logit_softcapping",
                "final_logit_softcapping",
                "attention.scale",
                "attention_multiplier",
                "embedding_scale",
                "embedding_multiplier",
                "residual_scale",
                "residual_multiplier",
                "logit_scale",
                a.startsWith("granite") ? "logits_scaling" : "logit_scale"));
        names.putAll(Map.of(
                "ssm.conv_kernel",
                "linear_conv_kernel_dim",
                "ssm.state_size",
                "linear_key_head_dim",
                "ssm.group_count",
                "linear_num_key_heads",
                "ssm.time_step_rank",
                "linear_num_value_heads",
                "full_attention_interval",
                "full_attention_interval",
                "shortconv.l_cache",
                "conv_L_cache"));
        names.forEach((gguf, name) -> metadata.find(a + gguf)
                .ifPresent(value -> config.put(
                        name,
                        value instanceof GgufValue.Int
                                ? (Object) number(gguf)
                                : (Object) metadata.requireDouble(a + gguf))));
        metadata.findBool(a + "use_parallel_residual").ifPresent(on -> config.put("use_parallel_residual", on));
        if (metadata.has(a + "ssm.inner_size")) {
            config.put("linear_value_head_dim", number("ssm.inner_size") / number("ssm.time_step_rank"));
        }
        int layers = number("block_count");
        switch (a) {
            case "gpt-oss." -> {
                config.remove("moe_intermediate_size");
                config.putAll(Map.of("swiglu_limit", 7.0, "attention_bias", true));
                config.put("layer_types", kinds(layers, l -> l % 2 == 0 ? "sliding_attention" : "full_attention"));
            }
            case "lfm2.", "lfm2moe." -> {
                int[] heads =
                        metadata.requireNumbers(a + "attention.head_count_kv").toInts();
                config.put("block_auto_adjust_ff_dim", false);
                metadata.findInt(a + "leading_dense_block_count").ifPresent(n -> config.put("num_dense_layers", n));
                config.put(
                        "use_expert_bias",
                        file.findTensor("blk.1.exp_probs_b.bias").isPresent());
                config.put("layer_types", kinds(layers, l -> heads[l] == 0 ? "conv" : "full_attention"));
            }
            case "mpt." ->
                config.put(
                        "attn_config",
                        Map.of(
                                "alibi",
                                true,
                                "alibi_bias_max",
                                metadata.requireDouble(a + "attention.max_alibi_bias")));
            case "gemma3." -> config.put("query_pre_attn_scalar", number("attention.key_length"));
            case "gemma4." -> gemma4(layers);
            case "deepseek2." -> deepSeek();
            case "falcon." -> falcon();
            case "stablelm." ->
                config.put(
                        "qk_layernorm",
                        file.findTensor("blk.0.attn_q_norm.weight").isPresent());
            case "olmo2." ->
                metadata.findInt(a + "attention.sliding_window")
                        .ifPresent(window -> config.put(
                                "layer_types", kinds(layers, l -> l % 4 < 3 ? "sliding_attention" : "full_attention")));
            default -> {}
        }
    }

    private void falcon() {
        if (file.findTensor("blk.0.attn_norm_2.weight").isPresent()) {
            config.put("new_decoder_architecture", true);
            config.put("num_kv_heads", config.remove("num_key_value_heads"));
        }
    }

    private static List<String> kinds(int layers, IntFunction<String> kind) {
        return IntStream.range(0, layers).mapToObj(kind).toList();
    }
}
