package dev.chaku.internal.arch.family;

import static dev.chaku.internal.arch.Presence.REQUIRED;
import static dev.chaku.internal.huggingface.TensorRule.matrix;
import static dev.chaku.internal.huggingface.TensorRule.vector;
import static dev.chaku.internal.huggingface.TensorRules.BLOCK;
import static dev.chaku.internal.huggingface.TensorRules.LAYER;

import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufValue;
import dev.chaku.internal.arch.DecoderTraits;
import dev.chaku.internal.arch.ExpertTraits;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.ExpertOptions.Gating;
import dev.chaku.internal.engine.LayerOptions;
import dev.chaku.internal.engine.RopeSpec.Pairing;
import dev.chaku.internal.huggingface.ExpertKeys;
import dev.chaku.internal.huggingface.HuggingFaceClass;
import dev.chaku.internal.huggingface.ModelConfig;
import dev.chaku.internal.huggingface.ModuleNames;
import dev.chaku.internal.huggingface.RowOrder;
import dev.chaku.internal.huggingface.Size;
import dev.chaku.internal.huggingface.TensorRule;
import dev.chaku.internal.huggingface.TensorRule.Layout;
import dev.chaku.internal.huggingface.TensorRules;
import dev.chaku.internal.huggingface.WindowKeys;
import java.util.List;
import java.util.Map;

/** gpt-oss: attention sinks, windows in every other layer, biases everywhere, and experts with a clamped gate. */
final class GptOss extends Family {
    GptOss() {
        super("gpt-oss");
    }

    @Override
    DecoderTraits traits(GgufFile file) {
        return DecoderTraits.rotating(Pairing.HALVES)
                .attention(a -> a.biases(REQUIRED, REQUIRED).sinks())
                .feedForward(f -> f.gate(LayerOptions.CLAMPED_SWIGLU))
                .positions(p -> p.windows(GptOss::isWindowed))
                .rename(DecoderModule.FFN_NORM, "post_attention_norm")
                .experts(ExpertTraits.of(Gating.SOFTMAX_TOP_K).biases(REQUIRED));
    }

    private static boolean isWindowed(int layer) {
        return layer % 2 == 0;
    }

    /** One parameter holds all experts. */
    @Override
    ModuleNames modules() {
        return ModuleNames.llama().withExperts(null);
    }

    @Override
    List<HuggingFaceClass> huggingFace() {
        return List.of(
                of("GptOssForCausalLM").tensors(tensors()).keys(GptOss::keys).readsOfRope("truncate"));
    }

    private TensorRules tensors() {
        String experts = LAYER + "mlp.experts.";
        return rules().biased(
                        DecoderModule.ATTN_Q, DecoderModule.ATTN_K, DecoderModule.ATTN_V, DecoderModule.ATTN_OUTPUT)
                .embedding()
                .attention()
                .renamed("ffn_norm.weight", "post_attention_norm.weight")
                .add(vector(LAYER + "self_attn.sinks", BLOCK + "attn_sinks.weight", Size.HEADS))
                .biased(LAYER + "mlp.router", BLOCK + "ffn_gate_inp", Size.EXPERTS, Size.WIDTH, Layout.PLAIN)
                .add(stack(experts + "gate_up_proj", "ffn_gate_exps", Size.EXPERT_FF, Size.WIDTH, RowOrder.EVEN))
                .add(stack(experts + "gate_up_proj", "ffn_up_exps", Size.EXPERT_FF, Size.WIDTH, RowOrder.ODD))
                .add(stack(experts + "down_proj", "ffn_down_exps", Size.WIDTH, Size.EXPERT_FF, RowOrder.AS_IS))
                .output();
    }

    /** Gate and up are rows in turns of one tensor that holds all experts. */
    private static TensorRule[] stack(String from, String to, Size rows, Size columns, RowOrder order) {
        return new TensorRule[] {
            matrix(from, BLOCK + to + ".weight", rows, columns)
                    .stored(Layout.ALL_EXPERTS_TURNED)
                    .ordered(order),
            matrix(from + "_bias", BLOCK + to + ".bias", Size.EXPERTS, rows).columnsOrdered(order)
        };
    }

    private static void keys(ModelConfig config, Map<String, GgufValue> keys) {
        config.requireOneOf("swiglu_limit", 7L, 7.0);
        config.requireOneOf("attention_bias", true);
        WindowKeys.add(config, keys);
        WindowKeys.require(config, GptOss::isWindowed);
        ExpertKeys.add(config, keys);
    }
}
