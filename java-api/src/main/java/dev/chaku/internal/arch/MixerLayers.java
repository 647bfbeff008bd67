package dev.chaku.internal.arch;

import dev.chaku.internal.arch.TensorTable.Part;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.MixerOptions;
import dev.chaku.internal.engine.TensorSpec.Kind;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads what a file says of layers with a running memory, and picks their tensors. Used once. */
final class MixerLayers {
    private static final int MOST = 1 << 20;
    private static final int MOST_TAPS = 8;

    private final ArchitectureKeys keys;
    private final TensorTable tensors;
    private final @Nullable MixerKind kind;

    MixerLayers(ArchitectureKeys keys, TensorTable tensors, @Nullable MixerKind kind) {
        this.keys = keys;
        this.tensors = tensors;
        this.kind = kind;
    }

    /** Key heads of each layer; 0 where a short convolution stands. */
    int[] kvHeads(int layers, int most, int[] heads) {
        if (!keys.has("attention.head_count_kv")) {
            return heads;
        }
        int least = kind == MixerKind.SHORT_CONVOLUTION ? 0 : 1;
        return keys.perLayer("attention.head_count_kv", layers, least, most);
    }

    /** What layer l has in place of attention; null for attention. */
    @Nullable
    MixerOptions options(int layer, int kvHeads) {
        if (kind == null) {
            return null;
        }
        if (kind == MixerKind.SHORT_CONVOLUTION) {
            int taps = keys.count("shortconv.l_cache", MOST_TAPS);
            return kvHeads == 0 ? new MixerOptions(taps) : null;
        }
        int interval = keys.findInt("full_attention_interval", 1, MOST).orElse(4);
        int valueHeads = keys.count("ssm.time_step_rank", MOST);
        int inner = keys.count("ssm.inner_size", MOST);
        if (inner % valueHeads != 0) {
            throw keys.error("ssm.inner_size", "a multiple of " + valueHeads + " heads", Integer.toString(inner));
        }
        MixerOptions options = new MixerOptions(
                keys.count("ssm.conv_kernel", MOST_TAPS),
                keys.count("ssm.group_count", valueHeads),
                valueHeads,
                keys.count("ssm.state_size", MOST),
                inner / valueHeads,
                kind == MixerKind.DELTA_RULE_TILED);
        if (valueHeads % options.keyHeads() != 0) {
            throw keys.error("ssm.group_count", "a divisor of " + valueHeads + " heads", "" + options.keyHeads());
        }
        return (layer + 1) % interval == 0 ? null : options;
    }

    void pick(int l, long width, MixerOptions options) {
        if (options.isDeltaRule()) {
            pickDeltaRule("blk." + l + ".", l, width, options);
        } else {
            pickConvolution("blk." + l + ".shortconv.", l, width, options);
        }
    }

    private void pickConvolution(String prefix, int l, long width, MixerOptions options) {
        List<Part> parts = List.of(
                new Part(DecoderModule.MIX_INPUT_GATE.at(l), width),
                new Part(DecoderModule.MIX_GATE.at(l), width),
                new Part(DecoderModule.MIX_IN.at(l), width));
        tensors.fused(prefix + "in_proj", width, parts, Presence.NONE);
        tensors.named(prefix + "conv.weight", DecoderModule.MIX_TAPS.at(l), Kind.WEIGHT, width, options.taps());
        tensors.named(prefix + "out_proj.weight", DecoderModule.MIX_OUT.at(l), Kind.WEIGHT, width, width);
    }

    private void pickDeltaRule(String prefix, int l, long width, MixerOptions options) {
        long heads = options.valueHeads();
        long channels = options.channels(width);
        long inner = options.inner(width);
        tensors.named(prefix + "attn_qkv.weight", DecoderModule.MIX_IN.at(l), Kind.WEIGHT, channels, width);
        tensors.matrix(DecoderModule.MIX_GATE.at(l), inner, width);
        if (tensors.has(prefix + "ssm_ba.weight")) {
            long each = heads / options.keyHeads();
            tensors.interleaved(
                    prefix + "ssm_ba.weight",
                    width,
                    heads,
                    each,
                    DecoderModule.MIX_BETA.at(l),
                    DecoderModule.MIX_ALPHA.at(l));
        } else {
            tensors.matrix(DecoderModule.MIX_BETA.at(l), heads, width);
            tensors.matrix(DecoderModule.MIX_ALPHA.at(l), heads, width);
        }
        tensors.named(prefix + "ssm_dt.bias", DecoderModule.MIX_ALPHA.at(l), Kind.BIAS, 1, heads);
        tensors.named(prefix + "ssm_a", DecoderModule.MIX_RATE.at(l), Kind.WEIGHT, 1, heads);
        tensors.matrix(DecoderModule.MIX_TAPS.at(l), channels, options.taps());
        tensors.vector(DecoderModule.MIX_NORM.at(l), options.valueDim());
        tensors.matrix(DecoderModule.MIX_OUT.at(l), width, inner);
    }
}
