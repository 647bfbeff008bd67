package dev.chaku.internal.arch.family;

import static dev.chaku.internal.arch.Presence.REQUIRED;
import static dev.chaku.internal.huggingface.ModuleNames.module;
import static dev.chaku.internal.huggingface.TensorRule.matrix;
import static dev.chaku.internal.huggingface.TensorRule.vector;
import static dev.chaku.internal.huggingface.TensorRules.BLOCK;
import static dev.chaku.internal.huggingface.TensorRules.LAYER;

import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufValue;
import dev.chaku.internal.arch.DecoderTraits;
import dev.chaku.internal.arch.ExpertTraits;
import dev.chaku.internal.arch.MixerKind;
import dev.chaku.internal.arch.NormTraits.HeadNorm;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.ExpertOptions.Gating;
import dev.chaku.internal.engine.RopeSpec.Pairing;
import dev.chaku.internal.huggingface.ExpertKeys;
import dev.chaku.internal.huggingface.HuggingFaceClass;
import dev.chaku.internal.huggingface.ModelConfig;
import dev.chaku.internal.huggingface.ModuleNames;
import dev.chaku.internal.huggingface.RowOrder;
import dev.chaku.internal.huggingface.Size;
import dev.chaku.internal.huggingface.TensorRule.Layout;
import dev.chaku.internal.huggingface.TensorRule.Values;
import dev.chaku.internal.huggingface.TensorRules;
import java.util.List;
import java.util.Map;

/** Qwen3-Next: as Qwen3.5, with experts and one that is shared in each layer. */
final class Qwen3Next extends Family {
    Qwen3Next() {
        super("qwen3next");
    }

    @Override
    DecoderTraits traits(GgufFile file) {
        return DecoderTraits.rotating(Pairing.HALVES)
                .norms(n -> n.heads(REQUIRED, HeadNorm.HEAD))
                .attention(a -> a.gatedQueries())
                .mixer(MixerKind.DELTA_RULE)
                .rename(DecoderModule.FFN_NORM, "post_attention_norm")
                .experts(ExpertTraits.of(Gating.SOFTMAX).normalized().sharedByRouter());
    }

    @Override
    ModuleNames modules() {
        return ModuleNames.llamaAttention()
                .andSharedExpert()
                .and(
                        module("linear_attn.in_proj_qkvz", DecoderModule.MIX_IN).ordered(RowOrder.DELTA_CHANNELS),
                        module("linear_attn.in_proj_qkvz", DecoderModule.MIX_GATE)
                                .ordered(RowOrder.DELTA_GATES),
                        module("linear_attn.in_proj_ba", DecoderModule.MIX_BETA_ALPHA),
                        module("linear_attn.out_proj", DecoderModule.MIX_OUT));
    }

    @Override
    List<HuggingFaceClass> huggingFace() {
        return List.of(of("Qwen3NextForCausalLM")
                .tensors(tensors())
                .keys(Qwen3Next::keys)
                .defaults(Map.of("norm_topk_prob", true)));
    }

    /** Queries, keys, values and gates of the delta rule share a tensor. */
    private TensorRules tensors() {
        String from = LAYER + "linear_attn.";
        return MixerRules.deltaRule(
                        rules(),
                        matrix(from + "in_proj_qkvz.weight", BLOCK + "attn_qkv.weight", Size.DELTA_CHANNELS, Size.WIDTH)
                                .ordered(RowOrder.DELTA_CHANNELS),
                        matrix(from + "in_proj_qkvz.weight", BLOCK + "attn_gate.weight", Size.DELTA_VALUES, Size.WIDTH)
                                .ordered(RowOrder.DELTA_GATES),
                        matrix(from + "conv1d.weight", BLOCK + "ssm_conv1d.weight", Size.DELTA_CHANNELS, Size.TAPS)
                                .stored(Layout.TAPS),
                        vector(from + "dt_bias", BLOCK + "ssm_dt.bias", Size.DELTA_VALUE_HEADS),
                        vector(from + "A_log", BLOCK + "ssm_a", Size.DELTA_VALUE_HEADS)
                                .holding(Values.MINUS_EXP),
                        matrix(
                                from + "in_proj_ba.weight",
                                BLOCK + "ssm_ba.weight",
                                Size.DELTA_TWO_FOR_EACH_HEAD,
                                Size.WIDTH),
                        vector(from + "norm.weight", BLOCK + "ssm_norm.weight", Size.DELTA_VALUE_HEAD),
                        matrix(from + "out_proj.weight", BLOCK + "ssm_out.weight", Size.WIDTH, Size.DELTA_VALUES))
                .experts("mlp.gate")
                .sharedExpert();
    }

    private static void keys(ModelConfig config, Map<String, GgufValue> keys) {
        ExpertKeys.addOfQwen(config, keys, true);
        MixerRules.deltaRuleKeys(config, keys);
    }
}
