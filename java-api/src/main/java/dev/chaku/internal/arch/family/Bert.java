package dev.chaku.internal.arch.family;

import static dev.chaku.internal.arch.Presence.REQUIRED;
import static dev.chaku.internal.huggingface.TensorRules.BLOCK;

import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufValue;
import dev.chaku.internal.arch.DecoderTraits;
import dev.chaku.internal.engine.LayerOptions;
import dev.chaku.internal.engine.VectorOptions.Activation;
import dev.chaku.internal.huggingface.HuggingFaceClass;
import dev.chaku.internal.huggingface.ModelConfig;
import dev.chaku.internal.huggingface.Size;
import dev.chaku.internal.huggingface.TensorRule.Layout;
import dev.chaku.internal.huggingface.TensorRules;
import java.util.List;
import java.util.Map;

/**
 * BERT, and what is made of it: MiniLM, bge, e5, gte. Learned positions, biases everywhere, GELU without a gate.
 * XLM-RoBERTa, of which the multilingual e5 and bge-m3 are, differs in its tokenizer and in how positions are stored.
 */
final class Bert extends Family {
    Bert() {
        super("bert");
    }

    @Override
    DecoderTraits traits(GgufFile file) {
        return Encoders.kind(DecoderTraits.withoutRotation())
                .positions(p -> p.embedded())
                .attention(a -> a.biases(REQUIRED, REQUIRED))
                .feedForward(f -> f.biases(REQUIRED).ungated(LayerOptions.GELU))
                .head(h -> h.ranking(Activation.TANH));
    }

    @Override
    List<HuggingFaceClass> huggingFace() {
        return List.of(
                kind(of("BertModel")).tensors(tensors("")).leavesOut("pooler\\..*|embeddings\\.position_ids"),
                kind(of("BertForMaskedLM"))
                        .tensors(tensors("bert."))
                        .leavesOut("cls\\..*|bert\\.pooler\\..*|bert\\.embeddings\\.position_ids"),
                kind(of("BertForSequenceClassification"))
                        .tensors(Encoders.head(tensors("bert."), "bert.pooler.dense", "classifier"))
                        .leavesOut("bert\\.embeddings\\.position_ids"),
                behindPadding(of("XLMRobertaModel"))
                        .tensors(roberta(""))
                        .leavesOut("pooler\\..*|embeddings\\.position_ids"),
                behindPadding(of("XLMRobertaForMaskedLM"))
                        .tensors(roberta("roberta."))
                        .leavesOut("lm_head\\..*|roberta\\.pooler\\..*|roberta\\.embeddings\\.position_ids"),
                behindPadding(of("XLMRobertaForSequenceClassification"))
                        .tensors(Encoders.head(roberta("roberta."), "classifier.dense", "classifier.out_proj"))
                        .leavesOut("roberta\\.pooler\\..*|roberta\\.embeddings\\.position_ids"));
    }

    /** Positions count from behind the padding's id on. */
    private static HuggingFaceClass behindPadding(HuggingFaceClass made) {
        return kind(made).keys((config, keys) -> {
            config.requireOneOf("pad_token_id", 1L);
            keys(config, keys);
            keys.put("context_length", GgufValue.ofUint32((int) config.of(Size.CONTEXT_BEHIND_PADDING)));
        });
    }

    private static HuggingFaceClass kind(HuggingFaceClass made) {
        return Encoders.kind(made, "layer_norm_eps")
                .withoutRotation()
                .activations("gelu")
                .defaults(Map.of("type_vocab_size", 2L, "hidden_act", "gelu", "layer_norm_eps", 1e-12))
                .keys(Bert::keys);
    }

    private TensorRules tensors(String before) {
        return layers(Encoders.embeddings(rules(), before + "embeddings.", true), before);
    }

    private TensorRules roberta(String before) {
        return layers(Encoders.embeddingsBehindPadding(rules(), before + "embeddings."), before);
    }

    private static TensorRules layers(TensorRules embeddings, String before) {
        String layer = before + "encoder.layer.{l}.";
        return Encoders.attention(embeddings, layer)
                .biased(layer + "intermediate.dense", BLOCK + "ffn_up", Size.FF, Size.WIDTH, Layout.PLAIN)
                .biased(layer + "output.dense", BLOCK + "ffn_down", Size.WIDTH, Size.FF, Layout.PLAIN)
                .layerNorm(layer + "output.LayerNorm", BLOCK + "layer_output_norm");
    }

    private static void keys(ModelConfig config, Map<String, GgufValue> keys) {
        config.requireOneOf("position_embedding_type", "absolute");
        config.requireOneOf("is_decoder", false);
        config.requireOneOf("add_cross_attention", false);
        Encoders.keys(config, keys);
    }
}
