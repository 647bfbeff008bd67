package dev.chaku.internal.convert;

/** What Hugging Face calls the tensors of GGUF files. */
final class HuggingFaceNames {
    private HuggingFaceNames() {}

    /** The name of a tensor of an architecture, which a dot follows; {@code {e}} stands for an expert. */
    static String of(String a, String className, String gguf) {
        String name = text(a, className, gguf);
        return switch (className) {
            case "Mistral3ForConditionalGeneration", "Gemma3ForConditionalGeneration" -> "language_model." + name;
            case "Qwen3_5ForConditionalGeneration",
                    "Qwen3_5MoeForConditionalGeneration",
                    "Gemma4ForConditionalGeneration" -> name.replaceFirst("^model\\.", "model.language_model.");
            default -> name;
        };
    }

    private static String text(String a, String className, String gguf) {
        return switch (a) {
            case "gpt2." ->
                gguf.replaceFirst("^blk\\.", "h.")
                        .replace("token_embd", "wte")
                        .replace("position_embd", "wpe")
                        .replace("output_norm", "ln_f")
                        .replace("attn_norm", "ln_1")
                        .replace("ffn_norm", "ln_2")
                        .replace("attn_qkv", "attn.c_attn")
                        .replace("attn_output", "attn.c_proj")
                        .replace("ffn_up", "mlp.c_fc")
                        .replace("ffn_down", "mlp.c_proj");
            case "gptneox." ->
                (gguf.startsWith("output.")
                        ? "embed_out" + gguf.substring(6)
                        : "gpt_neox."
                                + gguf.replaceFirst("^blk\\.", "layers.")
                                        .replace("token_embd", "embed_in")
                                        .replace("output_norm", "final_layer_norm")
                                        .replace("attn_norm", "input_layernorm")
                                        .replace("ffn_norm", "post_attention_layernorm")
                                        .replace("attn_qkv", "attention.query_key_value")
                                        .replace("attn_output", "attention.dense")
                                        .replace("ffn_up", "mlp.dense_h_to_4h")
                                        .replace("ffn_down", "mlp.dense_4h_to_h"));
            case "bloom." ->
                "transformer."
                        + gguf.replaceFirst("^blk\\.", "h.")
                                .replace("token_embd_norm", "word_embeddings_layernorm")
                                .replace("token_embd", "word_embeddings")
                                .replace("output_norm", "ln_f")
                                .replace("attn_norm", "input_layernorm")
                                .replace("ffn_norm", "post_attention_layernorm")
                                .replace("attn_qkv", "self_attention.query_key_value")
                                .replace("attn_output", "self_attention.dense")
                                .replace("ffn_up", "mlp.dense_h_to_4h")
                                .replace("ffn_down", "mlp.dense_4h_to_h");
            case "mpt." ->
                "transformer."
                        + gguf.replaceFirst("^blk\\.", "blocks.")
                                .replace("token_embd", "wte")
                                .replace("output_norm", "norm_f")
                                .replace("attn_norm", "norm_1")
                                .replace("ffn_norm", "norm_2")
                                .replace("attn_qkv", "attn.Wqkv")
                                .replace("attn_output", "attn.out_proj")
                                .replace("ffn_up", "ffn.up_proj")
                                .replace("ffn_down", "ffn.down_proj");
            case "phi2." ->
                llamaName(
                        className,
                        gguf.replaceFirst("^output_norm", "model.final_layernorm")
                                .replace("attn_output", "self_attn.dense")
                                .replace("ffn_up", "mlp.fc1")
                                .replace("ffn_down", "mlp.fc2"));
            case "gpt-oss." ->
                llamaName(
                        className,
                        gguf.replace("post_attention_norm", "post_attention_layernorm")
                                .replace("attn_sinks.weight", "self_attn.sinks")
                                .replace("ffn_gate_inp", "mlp.router"));
            case "exaone4." ->
                llamaName(
                        className,
                        gguf.replace("post_attention_norm", "post_attention_layernorm")
                                .replace("post_ffw_norm", "post_feedforward_layernorm"));
            case "glm4." ->
                llamaName(
                        className,
                        gguf.replace("post_attention_norm", "post_self_attn_layernorm")
                                .replace("post_ffw_norm", "post_mlp_layernorm")
                                .replace("ffn_up", "mlp.gate_up_proj"));
            case "hunyuan-dense." ->
                llamaName(
                        className,
                        gguf.replace("attn_q_norm", "self_attn.query_layernorm")
                                .replace("attn_k_norm", "self_attn.key_layernorm"));
            case "seed_oss." -> llamaName(className, gguf.replace("post_attention_norm", "post_attention_layernorm"));
            case "granitemoe." ->
                llamaName(
                        className,
                        gguf.replace("ffn_gate_inp", "block_sparse_moe.router.layer")
                                .replace("ffn_down_shexp", "shared_mlp.output_linear"));
            case "lfm2.", "lfm2moe." ->
                llamaName(
                                className,
                                gguf.replace("token_embd_norm", "model.embedding_norm")
                                        .replace("exp_probs_b.bias", "feed_forward.expert_bias")
                                        .replace("ffn_gate_inp", "feed_forward.gate")
                                        .replace("ffn_gate_exps", "feed_forward.experts.{e}.w1")
                                        .replace("ffn_up_exps", "feed_forward.experts.{e}.w3")
                                        .replace("ffn_down_exps", "feed_forward.experts.{e}.w2")
                                        .replace("attn_norm", "operator_norm")
                                        .replace("attn_q_norm", "self_attn.q_layernorm")
                                        .replace("attn_k_norm", "self_attn.k_layernorm")
                                        .replace("attn_output", "self_attn.out_proj")
                                        .replace("shortconv.", "conv.")
                                        .replace(".ffn_norm.", ".ffn_norm_.")
                                        .replace("ffn_gate", "feed_forward.w1")
                                        .replace("ffn_up", "feed_forward.w3")
                                        .replace("ffn_down", "feed_forward.w2"))
                        .replace("post_attention_layernorm_", "ffn_norm");
            case "qwen35.", "qwen35moe.", "qwen3next." ->
                llamaName(
                        className,
                        gguf.replace("post_attention_norm", "post_attention_layernorm")
                                .replace("attn_qkv", "linear_attn.in_proj_qkv")
                                .replace("attn_gate", "linear_attn.in_proj_z")
                                .replace("ssm_conv1d", "linear_attn.conv1d")
                                .replace("ssm_dt.bias", "linear_attn.dt_bias")
                                .replace("ssm_beta", "linear_attn.in_proj_b")
                                .replace("ssm_alpha", "linear_attn.in_proj_a")
                                .replace("ssm_ba", "linear_attn.in_proj_ba")
                                .replace("ssm_norm", "linear_attn.norm")
                                .replace("ssm_out", "linear_attn.out_proj"));
            case "falcon." ->
                (gguf.startsWith("output.") ? "" : "transformer.")
                        + gguf.replaceFirst("^blk\\.", "h.")
                                .replace("token_embd", "word_embeddings")
                                .replace("output_norm", "ln_f")
                                .replaceFirst("^output\\.", "lm_head.")
                                .replace("attn_norm", "input_layernorm")
                                .replace("attn_qkv", "self_attention.query_key_value")
                                .replace("attn_output", "self_attention.dense")
                                .replace("ffn_up", "mlp.dense_h_to_4h")
                                .replace("ffn_down", "mlp.dense_4h_to_h");
            case "gemma2.", "gemma3." ->
                llamaName(
                        className,
                        gguf.replace("ffn_norm", "pre_feedforward_layernorm")
                                .replace("post_attention_norm", "post_attention_layernorm")
                                .replace("post_ffw_norm", "post_feedforward_layernorm"));
            case "olmo2." ->
                llamaName(
                        className,
                        gguf.replace("post_attention_norm", "post_attention_layernorm")
                                .replace("post_ffw_norm", "post_feedforward_layernorm"));
            case "phi3." ->
                llamaName(
                        className,
                        gguf.replace("attn_qkv", "self_attn.qkv_proj").replace("ffn_up", "mlp.gate_up_proj"));
            case "starcoder2." ->
                llamaName(className, gguf.replace("ffn_up", "mlp.c_fc").replace("ffn_down", "mlp.c_proj"));
            case "gemma4." ->
                llamaName(
                        className,
                        gguf.replace("ffn_norm", "pre_feedforward_layernorm")
                                .replace("post_attention_norm", "post_attention_layernorm")
                                .replace("post_ffw_norm", "post_feedforward_layernorm")
                                .replace("per_layer_token_embd", "model.embed_tokens_per_layer")
                                .replace("per_layer_model_proj", "model.per_layer_model_projection")
                                .replace("per_layer_proj_norm", "model.per_layer_projection_norm")
                                .replace(".inp_gate.", ".per_layer_input_gate.")
                                .replace(".proj.", ".per_layer_projection.")
                                .replace(".post_norm.", ".post_per_layer_input_norm.")
                                .replace("layer_output_scale.weight", "layer_scalar"));
            case "deepseek2." ->
                llamaName(
                        className,
                        gguf.replace("attn_q_a_norm", "self_attn.q_a_layernorm")
                                .replace("attn_kv_a_norm", "self_attn.kv_a_layernorm")
                                .replace("attn_q_a.", "self_attn.q_a_proj.")
                                .replace("attn_q_b.", "self_attn.q_b_proj.")
                                .replace("attn_kv_a_mqa.", "self_attn.kv_a_proj_with_mqa.")
                                .replace("attn_k_b.", "self_attn.kv_b_proj.")
                                .replace("exp_probs_b.bias", "mlp.gate.e_score_correction_bias")
                                .replaceFirst("ffn_(gate|up|down)_shexp", "mlp.shared_experts.$1_proj"));
            default -> llamaName(className, gguf);
        };
    }

    private static String llamaName(String className, String gguf) {
        String expert = className.startsWith("Mixtral") ? "block_sparse_moe." : "mlp.";
        String[] w = className.startsWith("Mixtral")
                ? new String[] {"w1", "w3", "w2"}
                : new String[] {"gate_proj", "up_proj", "down_proj"};
        return gguf.replaceFirst("^blk\\.", "model.layers.")
                .replace("token_embd", "model.embed_tokens")
                .replaceFirst("^output_norm", "model.norm")
                .replaceFirst("^output\\.", "lm_head.")
                .replace("attn_q_norm", "self_attn.q_norm")
                .replace("attn_k_norm", "self_attn.k_norm")
                .replace("attn_norm", "input_layernorm")
                .replace("ffn_norm", "post_attention_layernorm")
                .replace("attn_q.", "self_attn.q_proj.")
                .replace("attn_k.", "self_attn.k_proj.")
                .replace("attn_v.", "self_attn.v_proj.")
                .replace("attn_output", "self_attn.o_proj")
                .replace("ffn_gate_exps", expert + "experts.{e}." + w[0])
                .replace("ffn_up_exps", expert + "experts.{e}." + w[1])
                .replace("ffn_down_exps", expert + "experts.{e}." + w[2])
                .replace("ffn_gate_inp_shexp", "mlp.shared_expert_gate")
                .replace("ffn_gate_shexp", "mlp.shared_expert.gate_proj")
                .replace("ffn_up_shexp", "mlp.shared_expert.up_proj")
                .replace("ffn_down_shexp", "mlp.shared_expert.down_proj")
                .replace("ffn_gate_inp", expert + "gate")
                .replace("ffn_gate.", "mlp.gate_proj.")
                .replace("ffn_up.", "mlp.up_proj.")
                .replace("ffn_down.", "mlp.down_proj.");
    }
}
