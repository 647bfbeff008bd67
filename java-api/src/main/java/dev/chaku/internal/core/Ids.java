package dev.chaku.internal.core;

import dev.chaku.internal.core.binding.generated.chaku;
import dev.chaku.internal.engine.ComputePath;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.DecoderOptions;
import dev.chaku.internal.engine.EnginePool;
import dev.chaku.internal.engine.EngineTrainer;
import dev.chaku.internal.engine.ExpertOptions;
import dev.chaku.internal.engine.LayerOptions;
import dev.chaku.internal.engine.ParameterInfo;
import dev.chaku.internal.engine.RopeSpec;
import dev.chaku.internal.engine.TensorSpec;
import dev.chaku.internal.engine.TrainerOptions;
import dev.chaku.internal.engine.VectorOptions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;

/** What values of the seam are called in the core's header. No ordinal of an enum crosses the boundary. */
final class Ids {
    private Ids() {}

    static int of(ComputePath path) {
        return switch (path) {
            case AUTO -> chaku.CHAKU_CPU_AUTO;
            case REFERENCE -> chaku.CHAKU_CPU_REFERENCE;
            case AVX2 -> chaku.CHAKU_CPU_AVX2;
            case AVX512 -> chaku.CHAKU_CPU_AVX512;
            case AMX -> chaku.CHAKU_CPU_AMX;
            case AVX512_BF16 -> chaku.CHAKU_CPU_AVX512_BF16;
            case AVX512_VNNI -> chaku.CHAKU_CPU_AVX512_VNNI;
            case FLOAT32 -> chaku.CHAKU_CPU_FLOAT32;
        };
    }

    static ComputePath path(int id) {
        return Arrays.stream(ComputePath.values())
                .filter(path -> of(path) == id)
                .findFirst()
                .orElseThrow(() -> unknown("path", id));
    }

    /** Names of the bits {@code CHAKU_FEATURE_*} that are set. */
    static List<String> features(int bits) {
        List<String> names = new ArrayList<>();
        add(names, bits, chaku.CHAKU_FEATURE_AVX2, "AVX2");
        add(names, bits, chaku.CHAKU_FEATURE_FMA, "FMA");
        add(names, bits, chaku.CHAKU_FEATURE_F16C, "F16C");
        add(names, bits, chaku.CHAKU_FEATURE_AVX512, "AVX512");
        add(names, bits, chaku.CHAKU_FEATURE_AVX512_VNNI, "AVX512_VNNI");
        add(names, bits, chaku.CHAKU_FEATURE_AVX512_BF16, "AVX512_BF16");
        add(names, bits, chaku.CHAKU_FEATURE_AMX_BF16, "AMX_BF16");
        add(names, bits, chaku.CHAKU_FEATURE_AMX_INT8, "AMX_INT8");
        add(names, bits, chaku.CHAKU_FEATURE_AVX_VNNI, "AVX_VNNI");
        return names;
    }

    private static void add(List<String> names, int bits, int bit, String name) {
        if ((bits & bit) != 0) {
            names.add(name);
        }
    }

    static int of(EnginePool.Role role) {
        return switch (role) {
            case PROMPT -> chaku.CHAKU_ROLE_PROMPT;
            case GENERATED -> chaku.CHAKU_ROLE_GENERATED;
        };
    }

    static int of(EnginePool.Logits which) {
        return switch (which) {
            case NONE -> chaku.CHAKU_LOGITS_NONE;
            case LAST -> chaku.CHAKU_LOGITS_LAST;
            case ALL -> chaku.CHAKU_LOGITS_ALL;
        };
    }

    static int of(EngineTrainer.Slot slot) {
        return switch (slot) {
            case VALUE -> chaku.CHAKU_SLOT_VALUE;
            case GRADIENT -> chaku.CHAKU_SLOT_GRADIENT;
            case MOMENT1 -> chaku.CHAKU_SLOT_MOMENT1;
            case MOMENT2 -> chaku.CHAKU_SLOT_MOMENT2;
            case FROZEN -> chaku.CHAKU_SLOT_FROZEN;
        };
    }

    static int of(TrainerOptions.Optimizer optimizer) {
        return switch (optimizer) {
            case ADAMW -> chaku.CHAKU_OPTIMIZER_ADAMW;
            case ADAMW_8BIT -> chaku.CHAKU_OPTIMIZER_ADAMW_8BIT;
            case LION -> chaku.CHAKU_OPTIMIZER_LION;
            case LION_8BIT -> chaku.CHAKU_OPTIMIZER_LION_8BIT;
        };
    }

    static int of(TensorSpec.Kind kind) {
        return switch (kind) {
            case WEIGHT -> chaku.CHAKU_WEIGHT;
            case BIAS -> chaku.CHAKU_BIAS;
        };
    }

    static int of(ParameterInfo.Kind kind) {
        return switch (kind) {
            case WEIGHT -> chaku.CHAKU_WEIGHT;
            case BIAS -> chaku.CHAKU_BIAS;
            case LORA_A -> chaku.CHAKU_LORA_A;
            case LORA_B -> chaku.CHAKU_LORA_B;
            case LORA_MAGNITUDE -> chaku.CHAKU_LORA_MAGNITUDE;
        };
    }

    static ParameterInfo.Kind parameterKind(int id) {
        return Arrays.stream(ParameterInfo.Kind.values())
                .filter(kind -> of(kind) == id)
                .findFirst()
                .orElseThrow(() -> unknown("kind of parameter", id));
    }

    static int of(RopeSpec.Pairing pairing) {
        return switch (pairing) {
            case ADJACENT -> chaku.CHAKU_ROPE_ADJACENT;
            case HALVES -> chaku.CHAKU_ROPE_HALVES;
        };
    }

    static int of(ExpertOptions.Gating gating) {
        return switch (gating) {
            case SOFTMAX -> chaku.CHAKU_GATING_SOFTMAX;
            case SOFTMAX_TOP_K -> chaku.CHAKU_GATING_SOFTMAX_TOP_K;
            case SIGMOID -> chaku.CHAKU_GATING_SIGMOID;
        };
    }

    static int normKind(DecoderOptions decoder) {
        return decoder.normKind() == DecoderOptions.LAYER_NORM ? chaku.CHAKU_NORM_LAYER : chaku.CHAKU_NORM_RMS;
    }

    static int activation(LayerOptions layer) {
        return switch (layer.activation()) {
            case LayerOptions.SILU -> chaku.CHAKU_ACTIVATION_SILU;
            case LayerOptions.GELU_TANH -> chaku.CHAKU_ACTIVATION_GELU_TANH;
            case LayerOptions.GELU -> chaku.CHAKU_ACTIVATION_GELU;
            case LayerOptions.CLAMPED_SWIGLU -> chaku.CHAKU_ACTIVATION_CLAMPED_SWIGLU;
            default -> throw unknown("activation", layer.activation());
        };
    }

    static int flags(LayerOptions layer) {
        return (layer.isParallel() ? chaku.CHAKU_LAYER_PARALLEL : 0)
                | (layer.isNormedAfterRope() ? chaku.CHAKU_LAYER_NORM_AFTER_ROPE : 0)
                | (layer.hasGatedQuery() ? chaku.CHAKU_LAYER_GATED_QUERY : 0)
                | (layer.hasNormedValues() ? chaku.CHAKU_LAYER_NORM_VALUES : 0)
                | (layer.hasKeysAsValues() ? chaku.CHAKU_LAYER_VALUES_ARE_KEYS : 0)
                | (layer.looksBothWays() ? chaku.CHAKU_LAYER_BOTH_WAYS : 0)
                | (layer.normsSums() ? chaku.CHAKU_LAYER_NORM_SUMS : 0);
    }

    static int of(VectorOptions.Activation activation) {
        return switch (activation) {
            case NONE -> chaku.CHAKU_HEAD_NONE;
            case TANH -> chaku.CHAKU_HEAD_TANH;
            case GELU -> chaku.CHAKU_HEAD_GELU;
        };
    }

    static int of(VectorOptions.Pooling pooling) {
        return switch (pooling) {
            case NONE -> chaku.CHAKU_POOL_NONE;
            case MEAN -> chaku.CHAKU_POOL_MEAN;
            case FIRST -> chaku.CHAKU_POOL_FIRST;
            case LAST -> chaku.CHAKU_POOL_LAST;
        };
    }

    /** One bit per module, as the core takes sets of them. */
    static long bits(Collection<DecoderModule> modules) {
        long bits = 0;
        for (DecoderModule module : modules) {
            bits |= 1L << of(module);
        }
        return bits;
    }

    static DecoderModule module(int id) {
        return Arrays.stream(DecoderModule.values())
                .filter(module -> module.isOne() && of(module) == id)
                .findFirst()
                .orElseThrow(() -> unknown("module", id));
    }

    static int of(DecoderModule module) {
        return switch (module) {
            case TOKEN_EMBEDDING -> chaku.CHAKU_TOKEN_EMBEDDING;
            case OUTPUT_NORM -> chaku.CHAKU_OUTPUT_NORM;
            case OUTPUT -> chaku.CHAKU_OUTPUT;
            case POSITION_EMBEDDING -> chaku.CHAKU_POSITION_EMBEDDING;
            case EMBEDDING_NORM -> chaku.CHAKU_EMBEDDING_NORM;
            case ATTN_NORM -> chaku.CHAKU_ATTN_NORM;
            case ATTN_Q -> chaku.CHAKU_ATTN_Q;
            case ATTN_K -> chaku.CHAKU_ATTN_K;
            case ATTN_V -> chaku.CHAKU_ATTN_V;
            case ATTN_OUTPUT -> chaku.CHAKU_ATTN_OUTPUT;
            case ATTN_Q_NORM -> chaku.CHAKU_ATTN_Q_NORM;
            case ATTN_K_NORM -> chaku.CHAKU_ATTN_K_NORM;
            case FFN_NORM -> chaku.CHAKU_FFN_NORM;
            case FFN_GATE -> chaku.CHAKU_FFN_GATE;
            case FFN_UP -> chaku.CHAKU_FFN_UP;
            case FFN_DOWN -> chaku.CHAKU_FFN_DOWN;
            case ATTN_POST_NORM -> chaku.CHAKU_ATTN_POST_NORM;
            case FFN_POST_NORM -> chaku.CHAKU_FFN_POST_NORM;
            case SHARED_ROUTER -> chaku.CHAKU_SHARED_ROUTER;
            case EXPERT_GATE -> chaku.CHAKU_EXPERT_GATE;
            case EXPERT_UP -> chaku.CHAKU_EXPERT_UP;
            case EXPERT_DOWN -> chaku.CHAKU_EXPERT_DOWN;
            case SHARED_GATE -> chaku.CHAKU_SHARED_GATE;
            case SHARED_UP -> chaku.CHAKU_SHARED_UP;
            case SHARED_DOWN -> chaku.CHAKU_SHARED_DOWN;
            case ROUTER -> chaku.CHAKU_ROUTER;
            case ATTN_SINKS -> chaku.CHAKU_ATTN_SINKS;
            case MIX_IN -> chaku.CHAKU_MIX_IN;
            case MIX_GATE -> chaku.CHAKU_MIX_GATE;
            case MIX_INPUT_GATE -> chaku.CHAKU_MIX_INPUT_GATE;
            case MIX_BETA -> chaku.CHAKU_MIX_BETA;
            case MIX_ALPHA -> chaku.CHAKU_MIX_ALPHA;
            case MIX_OUT -> chaku.CHAKU_MIX_OUT;
            case MIX_TAPS -> chaku.CHAKU_MIX_TAPS;
            case MIX_RATE -> chaku.CHAKU_MIX_RATE;
            case MIX_NORM -> chaku.CHAKU_MIX_NORM;
            case LAYER_INPUT_TABLE -> chaku.CHAKU_LAYER_INPUT_TABLE;
            case LAYER_INPUT_PROJECTION -> chaku.CHAKU_LAYER_INPUT_PROJECTION;
            case LAYER_INPUT_NORM -> chaku.CHAKU_LAYER_INPUT_NORM;
            case SELECTION_BIAS -> chaku.CHAKU_SELECTION_BIAS;
            case ATTN_Q_A -> chaku.CHAKU_ATTN_Q_A;
            case ATTN_Q_B -> chaku.CHAKU_ATTN_Q_B;
            case ATTN_KV_A -> chaku.CHAKU_ATTN_KV_A;
            case ATTN_K_B -> chaku.CHAKU_ATTN_K_B;
            case ATTN_V_B -> chaku.CHAKU_ATTN_V_B;
            case ATTN_KV_B -> chaku.CHAKU_ATTN_KV_B;
            case ATTN_Q_A_NORM -> chaku.CHAKU_ATTN_Q_A_NORM;
            case ATTN_KV_A_NORM -> chaku.CHAKU_ATTN_KV_A_NORM;
            case LAYER_INPUT_GATE -> chaku.CHAKU_LAYER_INPUT_GATE;
            case LAYER_INPUT_OUT -> chaku.CHAKU_LAYER_INPUT_OUT;
            case LAYER_INPUT_POST_NORM -> chaku.CHAKU_LAYER_INPUT_POST_NORM;
            case TYPE_EMBEDDING -> chaku.CHAKU_TYPE_EMBEDDING;
            case HEAD_DENSE -> chaku.CHAKU_HEAD_DENSE;
            case HEAD_NORM -> chaku.CHAKU_HEAD_NORM;
            case HEAD_OUT -> chaku.CHAKU_HEAD_OUT;
            case ATTN_QKV, FFN_GATE_UP, SHORTCONV_IN, SHORTCONV_OUT, MIX_BETA_ALPHA ->
                throw new IllegalArgumentException(module + " is a tensor of files, of several modules or of one");
        };
    }

    private static IllegalStateException unknown(String what, int id) {
        return new IllegalStateException("the core named a " + what + " of number " + id + ", which is none");
    }
}
