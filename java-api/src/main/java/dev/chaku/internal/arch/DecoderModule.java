package dev.chaku.internal.arch;

import java.util.Optional;

/** A module of a decoder, with its id in the core and its name in GGUF files. */
public enum DecoderModule {
    TOKEN_EMBEDDING(0, "token_embd", Role.GLOBAL),
    OUTPUT_NORM(1, "output_norm", Role.GLOBAL),
    OUTPUT(2, "output", Role.ADAPTABLE_GLOBAL),
    POSITION_EMBEDDING(3, "position_embd", Role.GLOBAL),
    EMBEDDING_NORM(4, "token_embd_norm", Role.GLOBAL),
    ATTN_NORM(8, "attn_norm", Role.LAYER),
    ATTN_Q(9, "attn_q", Role.ADAPTABLE_LAYER),
    ATTN_K(10, "attn_k", Role.ADAPTABLE_LAYER),
    ATTN_V(11, "attn_v", Role.ADAPTABLE_LAYER),
    ATTN_OUTPUT(12, "attn_output", Role.ADAPTABLE_LAYER),
    ATTN_Q_NORM(13, "attn_q_norm", Role.LAYER),
    ATTN_K_NORM(14, "attn_k_norm", Role.LAYER),
    FFN_NORM(15, "ffn_norm", Role.LAYER),
    FFN_GATE(16, "ffn_gate", Role.ADAPTABLE_LAYER),
    FFN_UP(17, "ffn_up", Role.ADAPTABLE_LAYER),
    FFN_DOWN(18, "ffn_down", Role.ADAPTABLE_LAYER),
    ATTN_POST_NORM(19, "post_attention_norm", Role.LAYER),
    FFN_POST_NORM(20, "post_ffw_norm", Role.LAYER),
    /** Its sigmoid weighs the shared expert. */
    SHARED_ROUTER(21, "ffn_gate_inp_shexp", Role.LAYER),
    EXPERT_GATE(24, "ffn_gate_exps", Role.ADAPTABLE_LAYER),
    EXPERT_UP(25, "ffn_up_exps", Role.ADAPTABLE_LAYER),
    EXPERT_DOWN(26, "ffn_down_exps", Role.ADAPTABLE_LAYER),
    SHARED_GATE(27, "ffn_gate_shexp", Role.ADAPTABLE_LAYER),
    SHARED_UP(28, "ffn_up_shexp", Role.ADAPTABLE_LAYER),
    SHARED_DOWN(29, "ffn_down_shexp", Role.ADAPTABLE_LAYER),
    ROUTER(30, "ffn_gate_inp", Role.LAYER),
    ATTN_SINKS(31, "attn_sinks", Role.LAYER),
    /** What passes the convolution of a layer with a running memory. */
    MIX_IN(32, "mix_in", Role.ADAPTABLE_LAYER),
    MIX_GATE(33, "attn_gate", Role.ADAPTABLE_LAYER),
    MIX_INPUT_GATE(34, "mix_input_gate", Role.ADAPTABLE_LAYER),
    MIX_BETA(35, "ssm_beta", Role.ADAPTABLE_LAYER),
    MIX_ALPHA(36, "ssm_alpha", Role.ADAPTABLE_LAYER),
    MIX_OUT(37, "ssm_out", Role.ADAPTABLE_LAYER),
    MIX_TAPS(38, "ssm_conv1d", Role.LAYER),
    MIX_RATE(39, "ssm_a", Role.LAYER),
    MIX_NORM(40, "ssm_norm", Role.LAYER),
    /** Query, key and value in one tensor of a file; the core knows the three. */
    ATTN_QKV(-1, "attn_qkv", Role.ADAPTABLE_LAYER),
    /** Gate and up in one tensor of a file, which has the name of up. */
    FFN_GATE_UP(-1, "ffn_up", Role.ADAPTABLE_LAYER),
    /** Both gates and the input of a short convolution in one tensor of a file. */
    SHORTCONV_IN(-1, "shortconv.in_proj", Role.ADAPTABLE_LAYER),
    /** What files call {@link #MIX_OUT} of a short convolution. */
    SHORTCONV_OUT(-1, "shortconv.out_proj", Role.ADAPTABLE_LAYER),
    /** {@link #MIX_BETA} and {@link #MIX_ALPHA} in one tensor of a file, rows of each in turns. */
    MIX_BETA_ALPHA(-1, "ssm_ba", Role.ADAPTABLE_LAYER);

    /** Where a module stands and whether low-rank additions exist for it. */
    private enum Role {
        GLOBAL,
        ADAPTABLE_GLOBAL,
        LAYER,
        ADAPTABLE_LAYER
    }

    /** A module and the layer it stands in, -1 outside layers. */
    public record Place(DecoderModule module, int layer) {
        /** The name without {@code .weight}, for instance {@code blk.3.attn_q}. */
        public String name() {
            return module.inLayers() ? "blk." + layer + "." + module.ggufName : module.ggufName;
        }
    }

    private final int id;
    private final String ggufName;
    private final Role role;

    DecoderModule(int id, String ggufName, Role role) {
        this.id = id;
        this.ggufName = ggufName;
        this.role = role;
    }

    /** The number that stands for this module in the core; -1 for those that are several there. */
    public int id() {
        return id;
    }

    /** The name in GGUF files, without layer and {@code .weight}. */
    public String ggufName() {
        return ggufName;
    }

    /** Whether every layer has its own. */
    public boolean inLayers() {
        return role == Role.LAYER || role == Role.ADAPTABLE_LAYER;
    }

    /** Whether its tensor stacks one matrix per expert. */
    public boolean isStacked() {
        return this == EXPERT_GATE || this == EXPERT_UP || this == EXPERT_DOWN;
    }

    /** Whether an adapter can add to it. */
    public boolean isAdaptable() {
        return role == Role.ADAPTABLE_LAYER || role == Role.ADAPTABLE_GLOBAL;
    }

    /** This module in a layer; the layer is ignored for modules outside layers. */
    public Place at(int layer) {
        return new Place(this, inLayers() ? layer : -1);
    }

    /** The module with this id. */
    public static Optional<DecoderModule> ofId(int id) {
        for (DecoderModule module : values()) {
            if (module.id == id && id >= 0) {
                return Optional.of(module);
            }
        }
        return Optional.empty();
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
