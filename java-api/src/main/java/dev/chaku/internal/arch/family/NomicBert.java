package dev.chaku.internal.arch.family;

import static dev.chaku.internal.arch.Presence.NONE;
import static dev.chaku.internal.huggingface.TensorRules.BLOCK;

import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufValue;
import dev.chaku.internal.arch.DecoderTraits;
import dev.chaku.internal.engine.RopeSpec.Pairing;
import dev.chaku.internal.huggingface.HuggingFaceClass;
import dev.chaku.internal.huggingface.ModelConfig;
import dev.chaku.internal.huggingface.Size;
import dev.chaku.internal.huggingface.TensorRules;
import java.util.List;
import java.util.Map;

/** Nomic's BERT (nomic-embed-text): rotated positions, a SiLU gate, no biases but those of norms. */
final class NomicBert extends Family {
    NomicBert() {
        super("nomic-bert");
    }

    @Override
    DecoderTraits traits(GgufFile file) {
        return Encoders.kind(DecoderTraits.rotating(Pairing.HALVES))
                .attention(a -> a.biases(NONE, NONE).fused());
    }

    @Override
    List<HuggingFaceClass> huggingFace() {
        return List.of(Encoders.kind(of("NomicBertModel"), "layer_norm_epsilon")
                .activations("swiglu")
                .tensors(tensors())
                .defaults(Map.of("type_vocab_size", 2L, "rotary_emb_base", 1000.0))
                .keys(NomicBert::keys));
    }

    private TensorRules tensors() {
        String layer = "encoder.layers.{l}.";
        return rules().embedding("embeddings.word_embeddings")
                .matrix("embeddings.token_type_embeddings", "token_types", Size.TYPES, Size.WIDTH)
                .layerNorm("emb_ln", "token_embd_norm")
                .matrix(layer + "attn.Wqkv", BLOCK + "attn_qkv", Size.QUERIES_KEYS_VALUES, Size.WIDTH)
                .matrix(layer + "attn.out_proj", BLOCK + "attn_output", Size.WIDTH, Size.QUERIES)
                .layerNorm(layer + "norm1", BLOCK + "attn_output_norm")
                .matrix(layer + "mlp.fc11", BLOCK + "ffn_up", Size.FF, Size.WIDTH)
                .matrix(layer + "mlp.fc12", BLOCK + "ffn_gate", Size.FF, Size.WIDTH)
                .matrix(layer + "mlp.fc2", BLOCK + "ffn_down", Size.WIDTH, Size.FF)
                .layerNorm(layer + "norm2", BLOCK + "layer_output_norm");
    }

    private static void keys(ModelConfig config, Map<String, GgufValue> keys) {
        config.requireOneOf("prenorm", false);
        config.requireOneOf("parallel_block", false);
        config.requireOneOf("use_rms_norm", false);
        config.requireOneOf("qkv_proj_bias", false);
        config.requireOneOf("mlp_fc1_bias", false);
        config.requireOneOf("mlp_fc2_bias", false);
        config.requireOneOf("rotary_emb_interleaved", false);
        config.requireOneOf("rotary_emb_scale_base");
        config.requireOneOf("rotary_scaling_factor");
        config.requireOneOf("rotary_emb_fraction", 1L, 1.0);
        config.requireOneOf("num_experts", 0L);
        Encoders.keys(config, keys);
    }
}
