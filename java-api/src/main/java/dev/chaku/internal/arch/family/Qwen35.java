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
import dev.chaku.internal.arch.MixerKind;
import dev.chaku.internal.arch.NormTraits.HeadNorm;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.RopeSpec.Pairing;
import dev.chaku.internal.huggingface.HuggingFaceClass;
import dev.chaku.internal.huggingface.JsonFile;
import dev.chaku.internal.huggingface.ModelConfig;
import dev.chaku.internal.huggingface.ModuleNames;
import dev.chaku.internal.huggingface.RowOrder;
import dev.chaku.internal.huggingface.Size;
import dev.chaku.internal.huggingface.TensorRule.Layout;
import dev.chaku.internal.huggingface.TensorRule.Values;
import dev.chaku.internal.huggingface.TensorRules;
import java.util.List;
import java.util.Map;

/** Qwen3.5, dense: the gated delta rule in three of four layers, attention with gated queries in the fourth. */
final class Qwen35 extends Family {
    /** Dimensions of a position in time, height and width, which are all the same in a text. */
    private static final List<Long> SECTIONS = List.of(11L, 11L, 10L);

    Qwen35() {
        super("qwen35");
    }

    @Override
    DecoderTraits traits(GgufFile file) {
        return kind();
    }

    /** Of the generation, dense or not. */
    static DecoderTraits kind() {
        return DecoderTraits.rotating(Pairing.HALVES)
                .norms(n -> n.heads(REQUIRED, HeadNorm.HEAD))
                .attention(a -> a.gatedQueries())
                .mixer(MixerKind.DELTA_RULE_TILED)
                .rename(DecoderModule.FFN_NORM, "post_attention_norm")
                .harmless("rope.dimension_sections");
    }

    @Override
    ModuleNames modules() {
        return mixers(ModuleNames.llamaAttention()
                .and(
                        module("mlp.gate_proj", DecoderModule.FFN_GATE),
                        module("mlp.up_proj", DecoderModule.FFN_UP),
                        module("mlp.down_proj", DecoderModule.FFN_DOWN)));
    }

    static ModuleNames mixers(ModuleNames others) {
        return others.and(
                module("linear_attn.in_proj_qkv", DecoderModule.MIX_IN).ordered(RowOrder.TILED_CHANNELS),
                module("linear_attn.in_proj_z", DecoderModule.MIX_GATE).ordered(RowOrder.TILED_VALUES),
                module("linear_attn.in_proj_b", DecoderModule.MIX_BETA).ordered(RowOrder.TILED_HEADS),
                module("linear_attn.in_proj_a", DecoderModule.MIX_ALPHA).ordered(RowOrder.TILED_HEADS),
                module("linear_attn.out_proj", DecoderModule.MIX_OUT).columnsOrdered(RowOrder.TILED_VALUES));
    }

    @Override
    List<HuggingFaceClass> huggingFace() {
        return List.of(of("Qwen3_5ForConditionalGeneration", "Qwen3_5ForCausalLM")
                .tensors(mixers(rules()).gated())
                .keys(Qwen35::keys));
    }

    /** All but the feed-forward. Value heads of the delta rule stand in another order in files. */
    static TensorRules mixers(TensorRules rules) {
        String from = LAYER + "linear_attn.";
        return MixerRules.deltaRule(
                rules,
                matrix(from + "in_proj_qkv.weight", BLOCK + "attn_qkv.weight", Size.DELTA_CHANNELS, Size.WIDTH)
                        .ordered(RowOrder.TILED_CHANNELS),
                matrix(from + "in_proj_z.weight", BLOCK + "attn_gate.weight", Size.DELTA_VALUES, Size.WIDTH)
                        .ordered(RowOrder.TILED_VALUES),
                matrix(from + "conv1d.weight", BLOCK + "ssm_conv1d.weight", Size.DELTA_CHANNELS, Size.TAPS)
                        .stored(Layout.TAPS)
                        .ordered(RowOrder.TILED_CHANNELS),
                vector(from + "dt_bias", BLOCK + "ssm_dt.bias", Size.DELTA_VALUE_HEADS)
                        .ordered(RowOrder.TILED_HEADS),
                vector(from + "A_log", BLOCK + "ssm_a", Size.DELTA_VALUE_HEADS)
                        .ordered(RowOrder.TILED_HEADS)
                        .holding(Values.MINUS_EXP),
                matrix(from + "in_proj_b.weight", BLOCK + "ssm_beta.weight", Size.DELTA_VALUE_HEADS, Size.WIDTH)
                        .ordered(RowOrder.TILED_HEADS),
                matrix(from + "in_proj_a.weight", BLOCK + "ssm_alpha.weight", Size.DELTA_VALUE_HEADS, Size.WIDTH)
                        .ordered(RowOrder.TILED_HEADS),
                vector(from + "norm.weight", BLOCK + "ssm_norm.weight", Size.DELTA_VALUE_HEAD),
                matrix(from + "out_proj.weight", BLOCK + "ssm_out.weight", Size.WIDTH, Size.DELTA_VALUES)
                        .columnsOrdered(RowOrder.TILED_VALUES));
    }

    static void keys(ModelConfig config, Map<String, GgufValue> keys) {
        config.requireOneOf("attn_output_gate", true);
        MixerRules.deltaRuleKeys(config, keys);
        JsonFile rope = config.ropeParameters()
                .or(() -> config.json().findObject("rope_scaling"))
                .orElse(config.json());
        List<?> sections = rope.findList("mrope_section").isPresent()
                ? rope.findList("mrope_section").get()
                : SECTIONS;
        int[] four = new int[4];
        for (int i = 0; i < sections.size(); i++) {
            if (i >= 3 || !(sections.get(i) instanceof Long size) || size < 0 || size > config.headDim()) {
                throw rope.error("mrope_section", "three sizes of at most " + config.headDim(), sections);
            }
            four[i] = size.intValue();
        }
        keys.put("rope.dimension_sections", GgufValue.of(four));
    }
}
