package dev.chaku.internal.arch.family;

import static dev.chaku.internal.arch.Presence.NONE;
import static dev.chaku.internal.arch.Presence.OPTIONAL;
import static dev.chaku.internal.arch.Presence.REQUIRED;
import static dev.chaku.internal.huggingface.TensorRules.BLOCK;

import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufValue;
import dev.chaku.internal.arch.DecoderTraits;
import dev.chaku.internal.engine.LayerOptions;
import dev.chaku.internal.engine.VectorOptions.Activation;
import dev.chaku.internal.huggingface.HuggingFaceClass;
import dev.chaku.internal.huggingface.ModelConfig;
import dev.chaku.internal.huggingface.RowOrder;
import dev.chaku.internal.huggingface.Size;
import dev.chaku.internal.huggingface.TensorRule;
import dev.chaku.internal.huggingface.TensorRules;
import java.util.List;
import java.util.Map;

/**
 * Jina's second BERT (jina-embeddings-v2): scores fall with distance in place of positions, a GELU gate whose product
 * has no bias.
 */
final class JinaBert extends Family {
    private static final double STEEPEST = 8;

    JinaBert() {
        super("jina-bert-v2");
    }

    @Override
    DecoderTraits traits(GgufFile file) {
        return Encoders.kind(DecoderTraits.withoutRotation())
                .positions(p -> p.alibi(STEEPEST))
                .attention(a -> a.biases(REQUIRED, REQUIRED))
                .feedForward(f -> {
                    f.biases(NONE, OPTIONAL).gate(LayerOptions.GELU);
                    if (file.findTensor("blk.0.ffn_gate.weight").isEmpty()) {
                        f.fused();
                    }
                })
                .head(h -> h.ranking(Activation.TANH));
    }

    @Override
    List<HuggingFaceClass> huggingFace() {
        return List.of(
                kind(of("JinaBertModel")).tensors(tensors("")).leavesOut("pooler\\..*|embeddings\\.position_ids"),
                kind(of("JinaBertForMaskedLM"))
                        .tensors(tensors("bert."))
                        .leavesOut("cls\\..*|bert\\.pooler\\..*|bert\\.embeddings\\.position_ids"));
    }

    private static HuggingFaceClass kind(HuggingFaceClass made) {
        return Encoders.kind(made, "layer_norm_eps")
                .withoutRotation()
                .activations("gelu")
                .defaults(Map.of("type_vocab_size", 2L))
                .keys(JinaBert::keys);
    }

    private TensorRules tensors(String before) {
        String layer = before + "encoder.layer.{l}.";
        return Encoders.attention(Encoders.embeddings(rules(), before + "embeddings.", false), layer)
                .add(half(layer, "ffn_gate", RowOrder.FIRST_HALF), half(layer, "ffn_up", RowOrder.SECOND_HALF))
                .matrix(layer + "mlp.wo", BLOCK + "ffn_down", Size.WIDTH, Size.FF)
                .add(TensorRule.vector(layer + "mlp.wo.bias", BLOCK + "ffn_down.bias", Size.WIDTH))
                .layerNorm(layer + "mlp.layernorm", BLOCK + "layer_output_norm");
    }

    private static TensorRule half(String layer, String to, RowOrder order) {
        return TensorRule.matrix(layer + "mlp.gated_layers.weight", BLOCK + to + ".weight", Size.FF, Size.WIDTH)
                .ordered(order);
    }

    private static void keys(ModelConfig config, Map<String, GgufValue> keys) {
        config.requireOneOf("position_embedding_type", "alibi");
        config.requireOneOf("feed_forward_type", "geglu");
        config.requireOneOf("is_decoder", false);
        Encoders.keys(config, keys);
    }
}
