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
import dev.chaku.internal.huggingface.ModelConfig;
import dev.chaku.internal.huggingface.ModuleNames;
import dev.chaku.internal.huggingface.Size;
import dev.chaku.internal.huggingface.TensorRule.Layout;
import dev.chaku.internal.huggingface.TensorRule.Where;
import dev.chaku.internal.huggingface.TensorRules;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** LFM2: gated short convolutions, and attention with normalised heads in some layers. */
final class Lfm2 extends Family {
    Lfm2() {
        super("lfm2");
    }

    @Override
    DecoderTraits traits(GgufFile file) {
        return kind();
    }

    /** Of either LFM2. */
    static DecoderTraits kind() {
        return DecoderTraits.rotating(Pairing.HALVES)
                .norms(n -> n.heads(REQUIRED, HeadNorm.HEAD))
                .mixer(MixerKind.SHORT_CONVOLUTION)
                .rename(DecoderModule.OUTPUT_NORM, "token_embd_norm");
    }

    @Override
    ModuleNames modules() {
        return names();
    }

    /** Of either LFM2. */
    static ModuleNames names() {
        return ModuleNames.llamaAttention()
                .renamed(DecoderModule.ATTN_OUTPUT, "self_attn.out_proj")
                .and(
                        module("conv.in_proj", DecoderModule.SHORTCONV_IN),
                        module("conv.out_proj", DecoderModule.MIX_OUT),
                        module("feed_forward.w1", DecoderModule.FFN_GATE),
                        module("feed_forward.w3", DecoderModule.FFN_UP),
                        module("feed_forward.w2", DecoderModule.FFN_DOWN));
    }

    @Override
    List<HuggingFaceClass> huggingFace() {
        return List.of(of("Lfm2ForCausalLM", "LFM2ForCausalLM", "Lfm2VlForConditionalGeneration")
                .epsilon("norm_eps")
                .tied()
                .tensors(tensors())
                .keys(Lfm2::dense)
                .defaults(Map.of(
                        "block_auto_adjust_ff_dim", true, "block_multiple_of", 256L, "block_ffn_dim_multiplier", 1.0)));
    }

    private TensorRules tensors() {
        return feedForward(mixers(rules()).norm("ffn_norm", "ffn_norm"), Where.ALL_LAYERS)
                .head();
    }

    /** A dense feed-forward in some layers. */
    static TensorRules feedForward(TensorRules rules, Where layers) {
        String ff = LAYER + "feed_forward.";
        return rules.add(
                matrix(ff + "w1.weight", BLOCK + "ffn_gate.weight", Size.FF, Size.WIDTH)
                        .in(layers),
                matrix(ff + "w3.weight", BLOCK + "ffn_up.weight", Size.FF, Size.WIDTH)
                        .in(layers),
                matrix(ff + "w2.weight", BLOCK + "ffn_down.weight", Size.WIDTH, Size.FF)
                        .in(layers));
    }

    /** The tensors before the feed-forward. */
    static TensorRules mixers(TensorRules rules) {
        String from = LAYER + "conv.";
        String to = BLOCK + "shortconv.";
        return MixerRules.attention(
                        rules.embedding()
                                .add(vector("model.embedding_norm.weight", "token_embd_norm.weight", Size.WIDTH))
                                .norm("operator_norm", "attn_norm"),
                        "out_proj",
                        Size.QUERIES,
                        "_layernorm")
                .add(
                        matrix(from + "in_proj.weight", to + "in_proj.weight", Size.CONVOLUTION_IN, Size.WIDTH)
                                .in(Where.MIXER),
                        matrix(from + "conv.weight", to + "conv.weight", Size.WIDTH, Size.TAPS)
                                .stored(Layout.TAPS)
                                .in(Where.MIXER),
                        matrix(from + "out_proj.weight", to + "out_proj.weight", Size.WIDTH, Size.WIDTH)
                                .in(Where.MIXER));
    }

    private static void dense(ModelConfig config, Map<String, GgufValue> keys) {
        config.requireOneOf("block_use_swiglu", true);
        keys(config, keys);
    }

    /** Layers without attention are those without key heads. */
    static void keys(ModelConfig config, Map<String, GgufValue> keys) {
        config.requireOneOf("conv_bias", false);
        int[] kvHeads = IntStream.range(0, config.layers())
                .map(l -> config.hasAttention(l) ? config.kvHeads() : 0)
                .toArray();
        keys.put("attention.head_count_kv", GgufValue.of(kvHeads));
        keys.put("shortconv.l_cache", GgufValue.ofUint32(config.of(Size.TAPS)));
    }
}
