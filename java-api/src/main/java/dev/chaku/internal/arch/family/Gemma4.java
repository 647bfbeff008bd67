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
import dev.chaku.internal.arch.DecoderTraits.Feature;
import dev.chaku.internal.arch.NormTraits.HeadNorm;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.LayerOptions;
import dev.chaku.internal.engine.RopeSpec.Pairing;
import dev.chaku.internal.huggingface.HuggingFaceClass;
import dev.chaku.internal.huggingface.ModelConfig;
import dev.chaku.internal.huggingface.ModuleNames;
import dev.chaku.internal.huggingface.Size;
import dev.chaku.internal.huggingface.TensorRule;
import dev.chaku.internal.huggingface.TensorRule.Need;
import dev.chaku.internal.huggingface.TensorRule.Where;
import dev.chaku.internal.huggingface.TensorRules;
import dev.chaku.internal.huggingface.WindowKeys;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Gemma 4, dense and text: as Gemma 3 with heads of another width in layers that see everything, of which only the
 * first part is rotated; with normed values and unscaled scores; and in the smaller models with inputs of layers of
 * their own, and last layers that read the keys of earlier ones.
 */
final class Gemma4 extends Family {
    Gemma4() {
        super("gemma4");
    }

    @Override
    DecoderTraits traits(GgufFile file) {
        return DecoderTraits.rotating(Pairing.HALVES)
                .feedForward(f -> f.gate(LayerOptions.GELU_TANH))
                .scaleEmbeddingByWidth()
                .norms(n -> n.around(REQUIRED, REQUIRED, REQUIRED).heads(REQUIRED, HeadNorm.HEAD))
                .positions(p -> p.windows(layer -> false)
                        .localRope(10000)
                        .ropes((layer, windowed, anyWindow) -> windowed ? 1 : 0))
                .attention(a -> a.scale((headDim, width, heads, layers) -> 1)
                        .windowHeads()
                        .sharedKeys()
                        .normedValues())
                .layerInputs()
                .layerScales()
                .understands(Feature.LOGIT_SOFT_CAP);
    }

    @Override
    ModuleNames modules() {
        return ModuleNames.llama()
                .and(
                        module("per_layer_input_gate", DecoderModule.LAYER_INPUT_GATE),
                        module("per_layer_projection", DecoderModule.LAYER_INPUT_OUT));
    }

    @Override
    List<HuggingFaceClass> huggingFace() {
        return List.of(Gemma.kind(of("Gemma4ForCausalLM", "Gemma4ForConditionalGeneration"))
                .tensors(this::tensors)
                .keys(Gemma4::keys)
                .defaults(Map.of(
                        "rms_norm_eps",
                        1e-6,
                        "head_dim",
                        256L,
                        "global_head_dim",
                        512L,
                        "sliding_window",
                        512L,
                        "max_position_embeddings",
                        131072L)));
    }

    private TensorRules tensors(ModelConfig config) {
        TensorRules rules = Gemma.postNorms(rules()).headNorms();
        rules.change(Gemma4::isOfKeys, rule -> rule.in(Where.OWN_KEYS))
                .change((BLOCK + "attn_v.weight")::equals, rule -> rule.in(Where.OWN_VALUES));
        for (TensorRule rule : rules.list()) {
            if (isOfKeys(rule.to()) || rule.to().equals(BLOCK + "attn_v.weight")) {
                rules.add(rule.in(Where.NO_KEYS).needed(Need.OPTIONAL));
            }
        }
        rules.add(vector(LAYER + "layer_scalar", BLOCK + "layer_output_scale.weight", Size.ONE)
                .needed(Need.OPTIONAL));
        if (config.of(Size.LAYER_INPUT) == 0) {
            return rules;
        }
        return rules.add(
                        matrix(
                                "model.embed_tokens_per_layer.weight",
                                "per_layer_token_embd.weight",
                                Size.VOCAB,
                                Size.LAYER_INPUTS),
                        matrix(
                                "model.per_layer_model_projection.weight",
                                "per_layer_model_proj.weight",
                                Size.LAYER_INPUTS,
                                Size.WIDTH),
                        vector(
                                "model.per_layer_projection_norm.weight",
                                "per_layer_proj_norm.weight",
                                Size.LAYER_INPUT))
                .matrix(LAYER + "per_layer_input_gate", BLOCK + "inp_gate", Size.LAYER_INPUT, Size.WIDTH)
                .matrix(LAYER + "per_layer_projection", BLOCK + "proj", Size.WIDTH, Size.LAYER_INPUT)
                .norm("post_per_layer_input_norm", "post_norm");
    }

    private static boolean isOfKeys(String name) {
        return name.startsWith(BLOCK + "attn_k.") || name.equals(BLOCK + "attn_k_norm.weight");
    }

    /** One number where all layers have the same. */
    private static GgufValue ofLayers(int[] values) {
        return Arrays.stream(values).allMatch(value -> value == values[0])
                ? GgufValue.ofUint32(values[0])
                : GgufValue.of(values);
    }

    private static void keys(ModelConfig config, Map<String, GgufValue> keys) {
        config.requireOneOf("enable_moe_block", false);
        config.requireOneOf("attention_bias", false);
        config.requireOneOf("vocab_size_per_layer_input", (long) config.count("vocab_size"));
        int layers = config.layers();
        boolean[] windowed = new boolean[layers];
        int[] kvHeads = new int[layers];
        int[] ffWidths = new int[layers];
        for (int l = 0; l < layers; l++) {
            windowed[l] = !config.seesEverything(l);
            kvHeads[l] = config.in(l).kvHeads();
            ffWidths[l] = config.in(l).ffWidth();
        }
        int global = config.count("global_head_dim");
        WindowKeys.add(config, keys);
        keys.put("attention.sliding_window_pattern", GgufValue.of(windowed));
        keys.put("attention.head_count_kv", ofLayers(kvHeads));
        keys.put("feed_forward_length", ofLayers(ffWidths));
        keys.put("attention.key_length", GgufValue.ofUint32(global));
        keys.put("attention.value_length", GgufValue.ofUint32(global));
        keys.put("attention.key_length_swa", GgufValue.ofUint32(config.headDim()));
        keys.put("attention.value_length_swa", GgufValue.ofUint32(config.headDim()));
        keys.put("rope.dimension_count", GgufValue.ofUint32(global));
        keys.put("rope.dimension_count_swa", GgufValue.ofUint32(config.headDim()));
        keys.put("rope.freq_base_swa", GgufValue.of((float) config.windowRopeTheta()));
        keys.put(
                "attention.shared_kv_layers",
                GgufValue.ofUint32(config.json().findInt("num_kv_shared_layers").orElse(0)));
        keys.put("embedding_length_per_layer_input", GgufValue.ofUint32(config.of(Size.LAYER_INPUT)));
        config.json()
                .findDouble("final_logit_softcapping")
                .ifPresent(cap -> keys.put("final_logit_softcapping", GgufValue.of((float) cap)));
    }
}
