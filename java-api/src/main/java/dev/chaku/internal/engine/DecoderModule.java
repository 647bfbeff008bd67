package dev.chaku.internal.engine;

import java.util.Optional;

/** A module of a decoder, with its name in GGUF files. */
public enum DecoderModule {
    TOKEN_EMBEDDING("token_embd", Role.ADAPTABLE_GLOBAL),
    OUTPUT_NORM("output_norm", Role.GLOBAL),
    OUTPUT("output", Role.ADAPTABLE_GLOBAL),
    POSITION_EMBEDDING("position_embd", Role.GLOBAL),
    EMBEDDING_NORM("token_embd_norm", Role.GLOBAL),
    /** What each token gives to all layers as inputs of their own. */
    LAYER_INPUT_TABLE("per_layer_token_embd", Role.GLOBAL),
    LAYER_INPUT_PROJECTION("per_layer_model_proj", Role.GLOBAL),
    LAYER_INPUT_NORM("per_layer_proj_norm", Role.GLOBAL),
    ATTN_NORM("attn_norm", Role.LAYER),
    ATTN_Q("attn_q", Role.ADAPTABLE_LAYER),
    ATTN_K("attn_k", Role.ADAPTABLE_LAYER),
    ATTN_V("attn_v", Role.ADAPTABLE_LAYER),
    ATTN_OUTPUT("attn_output", Role.ADAPTABLE_LAYER),
    ATTN_Q_NORM("attn_q_norm", Role.LAYER),
    ATTN_K_NORM("attn_k_norm", Role.LAYER),
    FFN_NORM("ffn_norm", Role.LAYER),
    FFN_GATE("ffn_gate", Role.ADAPTABLE_LAYER),
    FFN_UP("ffn_up", Role.ADAPTABLE_LAYER),
    FFN_DOWN("ffn_down", Role.ADAPTABLE_LAYER),
    ATTN_POST_NORM("post_attention_norm", Role.LAYER),
    FFN_POST_NORM("post_ffw_norm", Role.LAYER),
    /** Its sigmoid weighs the shared expert. */
    SHARED_ROUTER("ffn_gate_inp_shexp", Role.LAYER),
    /** Is added to experts' scores for their selection alone. */
    SELECTION_BIAS("exp_probs_b", Role.LAYER),
    EXPERT_GATE("ffn_gate_exps", Role.ADAPTABLE_LAYER),
    EXPERT_UP("ffn_up_exps", Role.ADAPTABLE_LAYER),
    EXPERT_DOWN("ffn_down_exps", Role.ADAPTABLE_LAYER),
    SHARED_GATE("ffn_gate_shexp", Role.ADAPTABLE_LAYER),
    SHARED_UP("ffn_up_shexp", Role.ADAPTABLE_LAYER),
    SHARED_DOWN("ffn_down_shexp", Role.ADAPTABLE_LAYER),
    ROUTER("ffn_gate_inp", Role.LAYER),
    ATTN_SINKS("attn_sinks", Role.LAYER),
    /** What passes the convolution of a layer with a running memory. */
    MIX_IN("mix_in", Role.ADAPTABLE_LAYER),
    MIX_GATE("attn_gate", Role.ADAPTABLE_LAYER),
    MIX_INPUT_GATE("mix_input_gate", Role.ADAPTABLE_LAYER),
    MIX_BETA("ssm_beta", Role.ADAPTABLE_LAYER),
    MIX_ALPHA("ssm_alpha", Role.ADAPTABLE_LAYER),
    MIX_OUT("ssm_out", Role.ADAPTABLE_LAYER),
    MIX_TAPS("ssm_conv1d", Role.LAYER),
    MIX_RATE("ssm_a", Role.LAYER),
    MIX_NORM("ssm_norm", Role.LAYER),
    /** What queries of latent attention are made of. */
    ATTN_Q_A("attn_q_a", Role.ADAPTABLE_LAYER),
    ATTN_Q_B("attn_q_b", Role.ADAPTABLE_LAYER),
    /** What is kept of a token, from which its keys and values follow. */
    ATTN_KV_A("attn_kv_a_mqa", Role.ADAPTABLE_LAYER),
    ATTN_K_B("attn_k_b", Role.LAYER),
    ATTN_V_B("attn_v_b", Role.LAYER),
    /** Low-rank additions to the two before it; it has no tensor. */
    ATTN_KV_B("attn_kv_b", Role.ADAPTABLE_LAYER),
    ATTN_Q_A_NORM("attn_q_a_norm", Role.LAYER),
    ATTN_KV_A_NORM("attn_kv_a_norm", Role.LAYER),
    /** What layers add of inputs of their own. */
    LAYER_INPUT_GATE("inp_gate", Role.ADAPTABLE_LAYER),
    LAYER_INPUT_OUT("proj", Role.ADAPTABLE_LAYER),
    LAYER_INPUT_POST_NORM("post_norm", Role.LAYER),
    /** Of the types that an encoder's tokens have: segment A, segment B. */
    TYPE_EMBEDDING("token_types", Role.GLOBAL),
    /** What follows a text's pooled row: one product or two, with an activation and a norm between. */
    HEAD_DENSE("cls", Role.GLOBAL),
    HEAD_NORM("cls.norm", Role.GLOBAL),
    HEAD_OUT("cls.output", Role.GLOBAL),
    /** Query, key and value in one tensor of a file; the core knows the three. */
    ATTN_QKV("attn_qkv", Role.FUSED),
    /** Gate and up in one tensor of a file, which has the name of up. */
    FFN_GATE_UP("ffn_up", Role.FUSED),
    /** Both gates and the input of a short convolution in one tensor of a file. */
    SHORTCONV_IN("shortconv.in_proj", Role.FUSED),
    /** What files call {@link #MIX_OUT} of a short convolution. */
    SHORTCONV_OUT("shortconv.out_proj", Role.FUSED),
    /** {@link #MIX_BETA} and {@link #MIX_ALPHA} in one tensor of a file, rows of each in turns. */
    MIX_BETA_ALPHA("ssm_ba", Role.FUSED);

    /** Where a module stands and whether low-rank additions exist for it. */
    private enum Role {
        GLOBAL,
        ADAPTABLE_GLOBAL,
        LAYER,
        ADAPTABLE_LAYER,
        /** In every layer, adaptable, and a tensor of files alone. */
        FUSED
    }

    /** A module and the layer it stands in, -1 outside layers. */
    public record Place(DecoderModule module, int layer) {
        /** The name without {@code .weight}, for instance {@code blk.3.attn_q}. */
        public String name() {
            return module.inLayers() ? "blk." + layer + "." + module.ggufName : module.ggufName;
        }
    }

    private final String ggufName;
    private final Role role;

    DecoderModule(String ggufName, Role role) {
        this.ggufName = ggufName;
        this.role = role;
    }

    /** Whether engines know it as it is; else it is what files call one or several others. */
    public boolean isOne() {
        return role != Role.FUSED;
    }

    /** The name in GGUF files, without layer and {@code .weight}. */
    public String ggufName() {
        return ggufName;
    }

    /** Whether every layer has its own. */
    public boolean inLayers() {
        return role == Role.LAYER || role == Role.ADAPTABLE_LAYER || role == Role.FUSED;
    }

    /** Whether its tensor stacks one matrix per expert. */
    public boolean isStacked() {
        return this == EXPERT_GATE || this == EXPERT_UP || this == EXPERT_DOWN;
    }

    /** Whether an adapter can add to it. */
    public boolean isAdaptable() {
        return role == Role.ADAPTABLE_LAYER || role == Role.ADAPTABLE_GLOBAL || role == Role.FUSED;
    }

    /** This module in a layer; the layer is ignored for modules outside layers. */
    public Place at(int layer) {
        return new Place(this, inLayers() ? layer : -1);
    }

    /** Reads a name like {@code blk.3.attn_q} or {@code output}, without {@code .weight}. */
    public static Optional<Place> parse(String name) {
        String rest = name;
        int layer = -1;
        if (name.startsWith("blk.")) {
            int dot = name.indexOf('.', 4);
            if (dot < 0 || dot - 4 > 6 || !name.substring(4, dot).matches("0|[1-9][0-9]*")) {
                return Optional.empty();
            }
            layer = Integer.parseInt(name.substring(4, dot));
            rest = name.substring(dot + 1);
        }
        for (DecoderModule module : values()) {
            if (module.ggufName.equals(rest) && module.inLayers() == layer >= 0) {
                return Optional.of(new Place(module, layer));
            }
        }
        return Optional.empty();
    }
}
