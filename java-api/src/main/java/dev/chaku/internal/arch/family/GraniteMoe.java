package dev.chaku.internal.arch.family;

import static dev.chaku.internal.huggingface.ModuleNames.module;
import static dev.chaku.internal.huggingface.TensorRule.matrix;
import static dev.chaku.internal.huggingface.TensorRules.BLOCK;
import static dev.chaku.internal.huggingface.TensorRules.LAYER;

import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufValue;
import dev.chaku.internal.arch.DecoderTraits;
import dev.chaku.internal.arch.ExpertTraits;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.ExpertOptions.Gating;
import dev.chaku.internal.huggingface.ExpertKeys;
import dev.chaku.internal.huggingface.HuggingFaceClass;
import dev.chaku.internal.huggingface.ModelConfig;
import dev.chaku.internal.huggingface.ModuleNames;
import dev.chaku.internal.huggingface.RowOrder;
import dev.chaku.internal.huggingface.Size;
import dev.chaku.internal.huggingface.TensorRules;
import java.util.List;
import java.util.Map;

/**
 * Granite 3 with experts: Granite's multipliers, softmax routing, and in some models an expert that every token passes
 * through in full.
 */
final class GraniteMoe extends Family {
    GraniteMoe() {
        super("granitemoe");
    }

    @Override
    DecoderTraits traits(GgufFile file) {
        return Granite.kind()
                .experts(ExpertTraits.of(Gating.SOFTMAX).normalized().sharedInFull());
    }

    /** Gate and up of the shared expert are halves of one module; experts have none, since parameters hold all. */
    @Override
    ModuleNames modules() {
        return ModuleNames.llamaAttention()
                .halves()
                .and(
                        module("shared_mlp.input_linear", DecoderModule.SHARED_GATE)
                                .ordered(RowOrder.FIRST_HALF),
                        module("shared_mlp.input_linear", DecoderModule.SHARED_UP)
                                .ordered(RowOrder.SECOND_HALF),
                        module("shared_mlp.output_linear", DecoderModule.SHARED_DOWN))
                .withExperts(null);
    }

    @Override
    List<HuggingFaceClass> huggingFace() {
        return List.of(
                of("GraniteMoeForCausalLM").tensors(experts().output()).keys(GraniteMoe::keys),
                of("GraniteMoeSharedForCausalLM")
                        .tensors(shared(experts()).output())
                        .keys(GraniteMoe::keys));
    }

    private TensorRules experts() {
        return rules().embedding()
                .attention()
                .matrix(LAYER + "block_sparse_moe.router.layer", BLOCK + "ffn_gate_inp", Size.EXPERTS, Size.WIDTH)
                .packedExperts("block_sparse_moe.input_linear.weight", "block_sparse_moe.output_linear.weight");
    }

    private static TensorRules shared(TensorRules rules) {
        String gateUp = LAYER + "shared_mlp.input_linear.weight";
        return rules.add(
                        matrix(gateUp, BLOCK + "ffn_gate_shexp.weight", Size.SHARED_FF, Size.WIDTH)
                                .ordered(RowOrder.FIRST_HALF),
                        matrix(gateUp, BLOCK + "ffn_up_shexp.weight", Size.SHARED_FF, Size.WIDTH)
                                .ordered(RowOrder.SECOND_HALF))
                .matrix(LAYER + "shared_mlp.output_linear", BLOCK + "ffn_down_shexp", Size.WIDTH, Size.SHARED_FF);
    }

    private static void keys(ModelConfig config, Map<String, GgufValue> keys) {
        Granite.multipliers(config, keys);
        ExpertKeys.addCounts(config, keys);
        ExpertKeys.addShared(config, keys);
    }
}
