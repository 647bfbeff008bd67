package dev.chaku.train;

import dev.chaku.errors.BadInputException;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** A product of the model to which LoRA adds a low-rank one. */
public enum LoraTarget {
    /** The attention's queries. */
    Q,
    /** The attention's keys. */
    K,
    /** The attention's values. */
    V,
    /** The attention's output. */
    O,
    /** The gate of the feed-forward network. */
    GATE,
    /** The feed-forward network's product up to its inner width. */
    UP,
    /** The feed-forward network's product back to the width. */
    DOWN,
    /** Gate of every expert, in layers of experts: each has a pair of matrices of its own, E times a dense layer's. */
    EXPERT_GATE,
    /** Every expert's product up to its inner width. */
    EXPERT_UP,
    /** Every expert's product back to the width. */
    EXPERT_DOWN,
    /** Gate of the expert that every token passes through. */
    SHARED_GATE,
    /** The shared expert's product up to its inner width. */
    SHARED_UP,
    /** The shared expert's product back to the width. */
    SHARED_DOWN,
    /** What passes the convolution of a layer with a running memory; of the delta rule its queries, keys and values. */
    MIX_IN,
    /** What multiplies the result of such a layer. */
    MIX_GATE,
    /** What multiplies the input of a short convolution. */
    MIX_INPUT_GATE,
    /** How much the delta rule writes of a token. */
    MIX_BETA,
    /** How much the delta rule forgets before. */
    MIX_ALPHA,
    /** The output product of such a layer. */
    MIX_OUT,
    /** What makes the compressed form of queries, in latent attention. */
    Q_A,
    /** What makes queries of it. */
    Q_B,
    /** What makes the compressed form of keys and values. */
    KV_A,
    /** What makes keys and values of it. */
    KV_B,
    /** The gate of what layers add of inputs of their own. */
    LAYER_GATE,
    /** The product that ends it. */
    LAYER_OUT,
    /**
     * The output projection; of a model whose embedding is tied to it, the projection alone, which llama.cpp cannot
     * read for such a base: it knows no adapter of a projection without a tensor of its own.
     */
    OUTPUT;

    /**
     * What Hugging Face calls products of families that do not name them as llama does; of a family that has only some,
     * those.
     */
    private static final Map<String, Set<LoraTarget>> OTHER_NAMES = Map.ofEntries(
            Map.entry("qkv", EnumSet.range(Q, V)),
            Map.entry("wqkv", EnumSet.range(Q, V)),
            Map.entry("c_attn", EnumSet.range(Q, V)),
            Map.entry("query_key_value", EnumSet.range(Q, V)),
            Map.entry("dense", EnumSet.of(O)),
            Map.entry("attn.c", EnumSet.of(O)),
            Map.entry("c_fc", EnumSet.of(UP)),
            Map.entry("fc1", EnumSet.of(UP)),
            Map.entry("dense_h_to_4h", EnumSet.of(UP)),
            Map.entry("mlp.c", EnumSet.of(DOWN)),
            Map.entry("fc2", EnumSet.of(DOWN)),
            Map.entry("dense_4h_to_h", EnumSet.of(DOWN)),
            Map.entry("c", EnumSet.of(O, DOWN)),
            Map.entry("gate_up", EnumSet.of(GATE, UP)),
            Map.entry("out", EnumSet.of(O, MIX_OUT)),
            Map.entry("in", EnumSet.of(MIX_IN, MIX_GATE, MIX_INPUT_GATE)),
            Map.entry("in_proj_qkv", EnumSet.of(MIX_IN)),
            Map.entry("in_proj_z", EnumSet.of(MIX_GATE)),
            Map.entry("in_proj_qkvz", EnumSet.of(MIX_IN, MIX_GATE)),
            Map.entry("in_proj_a", EnumSet.of(MIX_ALPHA)),
            Map.entry("in_proj_b", EnumSet.of(MIX_BETA)),
            Map.entry("kv_a_proj_with_mqa", EnumSet.of(KV_A)),
            Map.entry("per_layer_input_gate", EnumSet.of(LAYER_GATE)),
            Map.entry("per_layer_projection", EnumSet.of(LAYER_OUT)),
            Map.entry("embed_out", EnumSet.of(OUTPUT)),
            Map.entry("lm_head", EnumSet.of(OUTPUT)));

    /**
     * {@return the seven products of every dense layer: what adapts best for its size} Of a model whose layers have
     * experts, the attention's four remain; of one with layers that have a running memory, their input, gates and
     * output are taken too, and of latent attention the products that compress and those behind them.
     */
    public static Set<LoraTarget> allLinear() {
        return EnumSet.range(Q, DOWN);
    }

    /** {@return the attention's four products} */
    public static Set<LoraTarget> attention() {
        return EnumSet.range(Q, O);
    }

    /** {@return the three products of every expert} */
    public static Set<LoraTarget> experts() {
        return EnumSet.range(EXPERT_GATE, EXPERT_DOWN);
    }

    /** {@return the three products of the expert that every token passes through} */
    public static Set<LoraTarget> sharedExpert() {
        return EnumSet.range(SHARED_GATE, SHARED_DOWN);
    }

    /** {@return the products of layers with a running memory that go with all seven of the others} */
    public static Set<LoraTarget> mixer() {
        return EnumSet.of(MIX_IN, MIX_GATE, MIX_INPUT_GATE, MIX_OUT);
    }

    /** {@return the products of latent attention that go with all seven of the others} */
    public static Set<LoraTarget> latent() {
        return EnumSet.range(Q_A, KV_B);
    }

    /** {@return whether it exists in layers of experts alone} */
    public boolean isOfExperts() {
        return experts().contains(this) || sharedExpert().contains(this);
    }

    /** {@return the name as command lines and configurations write it, for instance {@code gate}} */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * Reads names ({@code q}, {@code gate}, {@code expert_up}, …), {@code all}, {@code attention}, {@code experts} and
     * {@code shared_expert}, also in the spelling of Hugging Face ({@code q_proj}, {@code c_attn},
     * {@code query_key_value}); {@code c_proj} is both products that GPT-2 calls so, {@code attn.c_proj} and
     * {@code mlp.c_proj}.
     *
     * @param names of products or groups
     * @return the products
     * @throws BadInputException for a name that is none of these, or no names
     */
    public static Set<LoraTarget> parse(Collection<String> names) {
        EnumSet<LoraTarget> targets = EnumSet.noneOf(LoraTarget.class);
        for (String name : names) {
            String plain = name.strip().toLowerCase(Locale.ROOT).replaceFirst("_proj$", "");
            switch (plain) {
                case "all", "all-linear" -> targets.addAll(allLinear());
                case "attention" -> targets.addAll(attention());
                case "experts" -> targets.addAll(experts());
                case "shared_expert" -> targets.addAll(sharedExpert());
                case "mixer" -> targets.addAll(mixer());
                default ->
                    targets.addAll(OTHER_NAMES.containsKey(plain) ? OTHER_NAMES.get(plain) : Set.of(one(name, plain)));
            }
        }
        if (targets.isEmpty()) {
            throw BadInputException.ofSetting("targets", "at least one of " + known(), "none");
        }
        return targets;
    }

    private static LoraTarget one(String given, String plain) {
        return Arrays.stream(values())
                .filter(target -> target.label().equals(plain))
                .findFirst()
                .orElseThrow(() -> BadInputException.ofSetting(
                        "targets", "all, attention, experts, shared_expert, mixer or " + known(), "'" + given + "'"));
    }

    private static String known() {
        return Arrays.stream(values()).map(LoraTarget::label).collect(Collectors.joining(", "));
    }
}
