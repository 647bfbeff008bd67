package dev.chaku.internal.arch;

import dev.chaku.gguf.GgmlType;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which format each tensor of a model gets under a mix. The choices are those of llama.cpp's quantizer, so that sizes,
 * speeds and errors can be compared: the output projection, or the embedding in its place, gets more bits; so do, by
 * mix, the value and down projections of some layers; a row that is no multiple of a format's block falls back to a
 * format with a smaller one. Immutable and thread-safe.
 */
public final class TensorFormats {
    /** Small or sensitive matrices that stay as they are, by a part of their name. */
    private static final List<String> UNTOUCHED = List.of(
            "_norm.weight",
            "ffn_gate_inp.weight",
            "ffn_gate_tid2eid.weight",
            "altup",
            "laurel",
            "per_layer_model_proj",
            "position_embd.weight",
            "token_types.weight",
            "ssm_conv1d",
            "shortconv.conv.weight",
            "indexer.k_proj.weight",
            "indexer.q_proj.weight",
            "attn_rel_b.weight",
            "time_mix_first.weight",
            "time_mix_w",
            "time_mix_v",
            "time_mix_a",
            "time_mix_g",
            "time_mix_decay_w",
            "time_mix_lerp_fused.weight");

    private static final Pattern LAYER = Pattern.compile("blk\\.(\\d{1,6})\\..*");
    private static final int EIGHT_EXPERTS = 8;
    private static final int MANY_HEADS_PER_KEY = 4;

    private final FormatMix mix;
    private final ModelFacts facts;
    private final boolean weighted;
    private final boolean tied;
    /** Of each tensor like the value projection: how many of these come before it. */
    private final Map<String, Integer> valueIndex = new HashMap<>();

    private enum Role {
        OUTPUT,
        EMBEDDING,
        VALUE,
        KEY,
        ATTENTION_OUTPUT,
        DOWN,
        OTHER
    }

    /**
     * The choices for one model.
     *
     * @param names of all its tensors
     * @param weighted whether the importance of columns is known
     */
    public TensorFormats(FormatMix mix, ModelFacts facts, Collection<String> names, boolean weighted) {
        this.mix = mix;
        this.facts = facts;
        this.weighted = weighted;
        this.tied = !names.contains("output.weight");
        names.stream()
                .filter(name -> role(name) == Role.VALUE)
                .sorted(Comparator.comparingInt(TensorFormats::layer).thenComparing(Comparator.naturalOrder()))
                .forEach(name -> valueIndex.put(name, valueIndex.size()));
    }

    /** Whether a tensor changes its format at all: matrices and stacks of them, but for a few. */
    public static boolean isConvertible(String name, int dimensions) {
        return dimensions >= 2 && name.endsWith("weight") && UNTOUCHED.stream().noneMatch(name::contains);
    }

    /** Whether a tensor is the output projection, or the embedding that serves as such. */
    public boolean isOutput(String name) {
        return role(name) == Role.OUTPUT || (tied && role(name) == Role.EMBEDDING);
    }

    /** Whether a tensor is an embedding of tokens. */
    public static boolean isEmbedding(String name) {
        return role(name) == Role.EMBEDDING;
    }

    /**
     * The format that the mix wants; {@link #fitting} says what the row's length allows.
     *
     * @param name of a convertible tensor
     * @param columns length of a row
     * @param stacked whether the tensor holds one matrix for each expert
     */
    public GgmlType of(String name, long columns, boolean stacked) {
        GgmlType base = mix.base();
        if (!base.isQuantized()) {
            return base;
        }
        if (mix == FormatMix.MXFP4_MOE) {
            return stacked && !isOutput(name) ? GgmlType.MXFP4 : GgmlType.Q8_0;
        }
        if (isOutput(name)) {
            boolean eightBits = facts.architecture().equals("falcon") || columns % base.blockElements() != 0;
            return eightBits || base == GgmlType.Q8_0 ? GgmlType.Q8_0 : GgmlType.Q6_K;
        }
        return switch (role(name)) {
            case VALUE -> value(valueIndex.getOrDefault(name, 0));
            case KEY -> facts.experts() == EIGHT_EXPERTS ? GgmlType.Q8_0 : base;
            case DOWN -> down(layer(name));
            case ATTENTION_OUTPUT -> attentionOutput();
            default -> base;
        };
    }

    /** The wanted format, or where rows are no multiple of its block the nearest whose block they are. */
    public static GgmlType fitting(GgmlType wanted, long columns) {
        if (columns % wanted.blockElements() == 0) {
            return wanted;
        }
        GgmlType smaller =
                switch (wanted) {
                    case IQ1_S, IQ1_M, IQ2_XXS, IQ2_XS, IQ2_S, IQ3_XXS, IQ3_S, IQ4_XS -> GgmlType.IQ4_NL;
                    case Q2_K, Q3_K, TQ1_0, TQ2_0 -> GgmlType.Q4_0;
                    case Q4_K -> GgmlType.Q5_0;
                    case Q5_K -> GgmlType.Q5_1;
                    case Q6_K -> GgmlType.Q8_0;
                    default -> GgmlType.F16;
                };
        return columns % smaller.blockElements() == 0 ? smaller : GgmlType.F16;
    }

    private GgmlType value(int index) {
        boolean few = facts.headsPerKey() >= MANY_HEADS_PER_KEY;
        GgmlType base = mix.base();
        GgmlType type =
                switch (mix) {
                    case Q2_K -> few ? GgmlType.Q4_K : GgmlType.Q3_K;
                    case Q2_K_S -> few ? GgmlType.Q4_K : base;
                    case Q3_K_M -> index < 2 ? GgmlType.Q5_K : GgmlType.Q4_K;
                    case Q3_K_L -> GgmlType.Q5_K;
                    case IQ4_NL, IQ4_XS -> few ? GgmlType.Q5_K : base;
                    case Q4_K_M, Q5_K_M -> isFavoured(index, valueIndex.size()) ? GgmlType.Q6_K : base;
                    case Q4_K_S -> index < 4 ? GgmlType.Q5_K : base;
                    default -> base;
                };
        if (facts.isSeventyBillion() && (type == GgmlType.Q3_K || type == GgmlType.Q4_K)) {
            type = GgmlType.Q5_K;
        }
        return facts.experts() == EIGHT_EXPERTS ? GgmlType.Q8_0 : type;
    }

    private GgmlType down(int layer) {
        boolean falcon = facts.architecture().equals("falcon");
        boolean early = layer < facts.layers() / 8;
        boolean first = layer < facts.layers() / 16;
        boolean favoured = isFavoured(layer, facts.layers());
        GgmlType base = mix.base();
        return switch (mix) {
            case Q2_K -> GgmlType.Q3_K;
            case Q2_K_S -> early ? GgmlType.Q4_K : base;
            case Q3_K_M -> first ? GgmlType.Q5_K : !falcon || favoured ? GgmlType.Q4_K : base;
            case Q3_K_L -> falcon ? GgmlType.Q4_K : GgmlType.Q5_K;
            case Q4_K_S -> early && !falcon ? GgmlType.Q5_K : base;
            case Q4_K_M -> {
                if (falcon) {
                    yield first ? GgmlType.Q6_K : favoured ? GgmlType.Q5_K : base;
                }
                yield favoured ? GgmlType.Q6_K : base;
            }
            case Q5_K_M -> favoured ? GgmlType.Q6_K : base;
            case IQ4_NL, IQ4_XS -> early && !weighted ? GgmlType.Q5_K : base;
            case Q4_0 -> early && weighted ? GgmlType.Q4_1 : base;
            case Q5_0 -> early && weighted ? GgmlType.Q5_1 : base;
            default -> base;
        };
    }

    private GgmlType attentionOutput() {
        GgmlType base = mix.base();
        if (facts.architecture().equals("falcon")) {
            return mix == FormatMix.Q3_K_L ? GgmlType.Q4_K : base;
        }
        if (facts.experts() == EIGHT_EXPERTS) {
            return switch (mix) {
                case Q2_K, Q3_K_S, Q3_K_M, Q4_K_S, Q4_K_M, IQ4_NL, IQ4_XS -> GgmlType.Q5_K;
                default -> base;
            };
        }
        return switch (mix) {
            case Q2_K -> GgmlType.Q3_K;
            case Q3_K_M -> GgmlType.Q4_K;
            case Q3_K_L -> GgmlType.Q5_K;
            default -> base;
        };
    }

    /** The first and last eighth of the layers, and every third between. */
    private static boolean isFavoured(int layer, int layers) {
        return layer < layers / 8 || layer >= 7 * layers / 8 || (layer - layers / 8) % 3 == 2;
    }

    private static Role role(String name) {
        if (name.equals("output.weight")) {
            return Role.OUTPUT;
        }
        if (name.equals("token_embd.weight") || name.equals("per_layer_token_embd.weight")) {
            return Role.EMBEDDING;
        }
        if (name.contains("attn_v.weight") || name.contains("attn_qkv.weight") || name.contains("attn_kv_b.weight")) {
            return Role.VALUE;
        }
        if (name.contains("attn_k.weight")) {
            return Role.KEY;
        }
        if (name.contains("attn_output.weight")) {
            return Role.ATTENTION_OUTPUT;
        }
        return name.contains("ffn_down") ? Role.DOWN : Role.OTHER;
    }

    private static int layer(String name) {
        Matcher matcher = LAYER.matcher(name);
        return matcher.matches() ? Integer.parseInt(matcher.group(1)) : 0;
    }
}
