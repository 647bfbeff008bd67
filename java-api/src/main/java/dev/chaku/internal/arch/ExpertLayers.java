package dev.chaku.internal.arch;

import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.ExpertOptions;
import dev.chaku.internal.engine.ExpertOptions.Gating;
import dev.chaku.internal.engine.TensorSpec;
import org.jspecify.annotations.Nullable;

/** Reads what a file says of experts, and picks their tensors. Used once. */
final class ExpertLayers {
    private static final int MOST = 1 << 24;
    private static final int MOST_EXPERTS = 4096;

    private final ArchitectureKeys keys;
    private final TensorTable tensors;
    private final @Nullable ExpertTraits traits;
    private final int experts;
    private final int leadingDense;

    ExpertLayers(ArchitectureKeys keys, TensorTable tensors, @Nullable ExpertTraits traits) {
        this.keys = keys;
        this.tensors = tensors;
        this.traits = traits;
        this.experts = traits != null && !traits.areOptional()
                ? keys.count("expert_count", MOST_EXPERTS)
                : keys.findInt("expert_count", 0, MOST_EXPERTS).orElse(0);
        if (traits == null && experts > 0) {
            throw keys.error("expert_count", "0 (a dense family)", Integer.toString(experts));
        }
        if (experts == 0) {
            keys.findInt("expert_used_count", 0, 0);
        }
        leadingDense = traits != null && traits.areAfterDenseLayers()
                ? keys.findInt("leading_dense_block_count", 0, MOST).orElse(0)
                : 0;
    }

    /** The experts of a layer whose feed-forward width is this; null where it is dense. */
    @Nullable
    ExpertOptions options(int layer, int ffWidth) {
        if (traits == null || experts == 0 || layer < leadingDense) {
            return null;
        }
        int used = keys.count("expert_used_count", experts);
        int width = keys.findInt("expert_feed_forward_length", 1, MOST).orElse(ffWidth);
        if (traits.areDescribedByFile()) {
            return described(used, width);
        }
        int shared = traits.shared() == Presence.NONE
                ? 0
                : keys.findInt("expert_shared_feed_forward_length", 1, MOST)
                        .orElse(traits.shared() == Presence.REQUIRED ? ffWidth : 0);
        requireUsual();
        return new ExpertOptions(experts, used, width, shared, traits.gating(), traits.areNormalized(), 1);
    }

    private ExpertOptions described(int used, int width) {
        Gating gating =
                switch (keys.findInt("expert_gating_func", 0, 3).orElse(0)) {
                    case 2 -> Gating.SIGMOID;
                    case 3 -> Gating.SOFTMAX_TOP_K;
                    default -> Gating.SOFTMAX;
                };
        int shared = keys.findInt("expert_shared_count", 0, MOST_EXPERTS).orElse(0);
        int groups = keys.findInt("expert_group_count", 0, experts).orElse(0);
        int groupsUsed =
                keys.findInt("expert_group_used_count", 0, Math.max(groups, 1)).orElse(groups);
        if (groups > 1 && (experts % groups != 0 || groupsUsed == 0 || used > experts / groups * groupsUsed)) {
            throw keys.error(
                    "expert_group_count",
                    "groups that hold " + experts + " experts and the " + used + " used",
                    "" + groups);
        }
        return new ExpertOptions(
                experts,
                used,
                width,
                Math.multiplyExact(shared, width),
                gating,
                keys.bool("expert_weights_norm", false),
                (float) keys.findPositive("expert_weights_scale").orElse(1),
                groups > 1 ? groups : 0,
                groups > 1 ? groupsUsed : 0);
    }

    /** These families compute in one way; a file that asks for another was made for another program. */
    private void requireUsual() {
        int usual = traits.gating() == Gating.SOFTMAX ? 1 : traits.gating() == Gating.SIGMOID ? 2 : 3;
        int gating = keys.findInt("expert_gating_func", 0, MOST).orElse(usual);
        if (gating != usual && gating != 0) {
            throw keys.error("expert_gating_func", Integer.toString(usual), Integer.toString(gating));
        }
        if (keys.bool("expert_weights_norm", traits.areNormalized()) != traits.areNormalized()) {
            throw keys.error("expert_weights_norm", "" + traits.areNormalized(), "" + !traits.areNormalized());
        }
        double scale = keys.findPositive("expert_weights_scale").orElse(1);
        if (scale != 1) {
            throw keys.error("expert_weights_scale", "1", Double.toString(scale));
        }
    }

    void pick(int layer, long width, ExpertOptions options) {
        Presence bias = traits.bias();
        tensors.matrix(DecoderModule.ROUTER.at(layer), experts, width);
        tensors.vector(DecoderModule.ROUTER.at(layer), TensorSpec.Kind.BIAS, bias, experts);
        String selection = DecoderModule.SELECTION_BIAS.at(layer).name() + ".bias";
        if (traits.mayHaveSelectionBias() && tensors.has(selection)) {
            tensors.named(selection, DecoderModule.SELECTION_BIAS.at(layer), TensorSpec.Kind.WEIGHT, 1, experts);
        }
        tensors.stack(DecoderModule.EXPERT_GATE.at(layer), experts, options.ffWidth(), width, bias);
        tensors.stack(DecoderModule.EXPERT_UP.at(layer), experts, options.ffWidth(), width, bias);
        tensors.stack(DecoderModule.EXPERT_DOWN.at(layer), experts, width, options.ffWidth(), bias);
        if (options.sharedFfWidth() > 0) {
            if (traits.hasSharedRouter()) {
                tensors.vector(DecoderModule.SHARED_ROUTER.at(layer), width);
            }
            tensors.matrix(DecoderModule.SHARED_GATE.at(layer), options.sharedFfWidth(), width);
            tensors.matrix(DecoderModule.SHARED_UP.at(layer), options.sharedFfWidth(), width);
            tensors.matrix(DecoderModule.SHARED_DOWN.at(layer), width, options.sharedFfWidth());
        }
    }
}
