package dev.chaku.internal.arch.family;

import static dev.chaku.internal.arch.Presence.NONE;
import static dev.chaku.internal.arch.Presence.OPTIONAL;
import static dev.chaku.internal.arch.Presence.REQUIRED;
import static dev.chaku.internal.huggingface.TensorRules.BLOCK;
import static dev.chaku.internal.huggingface.TensorRules.LAYER;

import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufValue;
import dev.chaku.internal.arch.DecoderTraits;
import dev.chaku.internal.engine.LayerOptions;
import dev.chaku.internal.engine.RopeSpec.Pairing;
import dev.chaku.internal.engine.VectorOptions.Activation;
import dev.chaku.internal.huggingface.HuggingFaceClass;
import dev.chaku.internal.huggingface.ModelConfig;
import dev.chaku.internal.huggingface.Size;
import dev.chaku.internal.huggingface.TensorRule;
import dev.chaku.internal.huggingface.TensorRule.Need;
import dev.chaku.internal.huggingface.TensorRules;
import java.util.List;
import java.util.Map;

/**
 * ModernBERT: norms before the half blocks, but for the first, a GELU gate, no biases; of three layers the first sees
 * everything, and the others half a window on either side by a rotation of their own.
 */
final class ModernBert extends Family {
    private static final int PERIOD = 3;

    ModernBert() {
        super("modern-bert");
    }

    @Override
    DecoderTraits traits(GgufFile file) {
        return DecoderTraits.rotating(Pairing.HALVES)
                .encoder()
                .norms(n -> n.layerNorm(NONE).around(OPTIONAL, REQUIRED, NONE).embedding())
                .attention(a -> a.fused())
                .feedForward(f -> f.gate(LayerOptions.GELU).fused())
                .positions(p -> p.windows(layer -> layer % PERIOD > 0)
                        .firstSeesAll()
                        .localRope(10000)
                        .ropes((layer, windowed, anyWindow) -> windowed ? 1 : 0))
                .head(h -> h.ranking(Activation.GELU));
    }

    @Override
    List<HuggingFaceClass> huggingFace() {
        return List.of(
                kind(of("ModernBertModel")).tensors(tensors()),
                kind(of("ModernBertForMaskedLM")).tensors(tensors()).leavesOut("head\\..*|decoder\\..*"),
                kind(of("ModernBertForSequenceClassification"))
                        .tensors(tensors()
                                .matrix("head.dense", "cls", Size.WIDTH, Size.WIDTH)
                                .add(TensorRule.vector("head.norm.weight", "cls.norm.weight", Size.WIDTH))
                                .matrix("classifier", "cls.output", Size.LABELS, Size.WIDTH)
                                .add(TensorRule.vector("classifier.bias", "cls.output.bias", Size.LABELS))));
    }

    private static HuggingFaceClass kind(HuggingFaceClass made) {
        return Encoders.kind(made, "norm_eps")
                .activations("gelu")
                .defaults(Map.of(
                        "global_attn_every_n_layers",
                        3L,
                        "local_attention",
                        128L,
                        "global_rope_theta",
                        160000.0,
                        "local_rope_theta",
                        10000.0,
                        "norm_eps",
                        1e-5,
                        "hidden_activation",
                        "gelu"))
                .keys(ModernBert::keys);
    }

    private TensorRules tensors() {
        return rules().embedding("model.embeddings.tok_embeddings")
                .add(TensorRule.vector("model.embeddings.norm.weight", "token_embd_norm.weight", Size.WIDTH))
                .add(TensorRule.vector(LAYER + "attn_norm.weight", BLOCK + "attn_norm.weight", Size.WIDTH)
                        .needed(Need.OPTIONAL))
                .matrix(LAYER + "attn.Wqkv", BLOCK + "attn_qkv", Size.QUERIES_KEYS_VALUES, Size.WIDTH)
                .matrix(LAYER + "attn.Wo", BLOCK + "attn_output", Size.WIDTH, Size.QUERIES)
                .norm("mlp_norm", "ffn_norm")
                .matrix(LAYER + "mlp.Wi", BLOCK + "ffn_up", Size.GATE_UP, Size.WIDTH)
                .matrix(LAYER + "mlp.Wo", BLOCK + "ffn_down", Size.WIDTH, Size.FF)
                .add(TensorRule.vector("model.final_norm.weight", "output_norm.weight", Size.WIDTH));
    }

    private static void keys(ModelConfig config, Map<String, GgufValue> keys) {
        for (String bias : List.of("norm_bias", "attention_bias", "mlp_bias", "classifier_bias")) {
            config.requireOneOf(bias, false);
        }
        config.requireOneOf("classifier_activation", "gelu");
        if (config.architecture().endsWith("ForSequenceClassification")) {
            config.requireOneOf("classifier_pooling", "cls");
        }
        keys.put("attention.sliding_window", GgufValue.ofUint32(config.count("local_attention")));
        keys.put("attention.sliding_window_pattern", GgufValue.ofUint32(config.count("global_attn_every_n_layers")));
        keys.put("rope.freq_base", GgufValue.of((float) config.json().requireDouble("global_rope_theta")));
        keys.put("rope.freq_base_swa", GgufValue.of((float) config.json().requireDouble("local_rope_theta")));
        Encoders.keys(config, keys);
    }
}
