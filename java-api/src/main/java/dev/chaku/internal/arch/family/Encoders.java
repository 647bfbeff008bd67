package dev.chaku.internal.arch.family;

import static dev.chaku.internal.arch.Presence.REQUIRED;
import static dev.chaku.internal.huggingface.TensorRules.BLOCK;

import dev.chaku.gguf.GgufValue;
import dev.chaku.internal.arch.DecoderTraits;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.huggingface.HuggingFaceClass;
import dev.chaku.internal.huggingface.ModelConfig;
import dev.chaku.internal.huggingface.RowOrder;
import dev.chaku.internal.huggingface.Size;
import dev.chaku.internal.huggingface.TensorRule;
import dev.chaku.internal.huggingface.TensorRule.Layout;
import dev.chaku.internal.huggingface.TensorRules;
import java.util.Map;

/** What encoders of BERT's kind have in common: LayerNorm behind each sum, a normed embedding, types of tokens. */
final class Encoders {
    /** The value of {@code pooling_type} that says that a head gives scores. */
    private static final int RANK = 4;

    private Encoders() {}

    /** Makes traits those of BERT's kind. */
    static DecoderTraits kind(DecoderTraits traits) {
        return traits.encoder()
                .norms(n -> n.layerNorm(REQUIRED).ofSums().embedding())
                .types(REQUIRED)
                .rename(DecoderModule.ATTN_POST_NORM, "attn_output_norm")
                .rename(DecoderModule.FFN_POST_NORM, "layer_output_norm");
    }

    /** Of such a kind, whose epsilon config.json calls so. */
    static HuggingFaceClass kind(HuggingFaceClass made, String epsilon) {
        return made.epsilon(epsilon).layerNorm().tied();
    }

    /** The key values of all encoders. */
    static void keys(ModelConfig config, Map<String, GgufValue> keys) {
        keys.put("attention.causal", GgufValue.of(false));
        if (config.architecture().endsWith("ForSequenceClassification")) {
            keys.put("pooling_type", GgufValue.ofUint32(RANK));
        }
    }

    /** The embeddings of words, of types and, where there are such, of positions, and their norm; with a last dot. */
    static TensorRules embeddings(TensorRules rules, String before, boolean positions) {
        rules.embedding(before + "word_embeddings");
        if (positions) {
            rules.matrix(before + "position_embeddings", "position_embd", Size.CONTEXT, Size.WIDTH);
        }
        return typesAndNorm(rules, before);
    }

    /** The same, with rows for positions that no token has before those of positions. */
    static TensorRules embeddingsBehindPadding(TensorRules rules, String before) {
        TensorRule positions = TensorRule.matrix(
                before + "position_embeddings.weight", "position_embd.weight", Size.CONTEXT_BEHIND_PADDING, Size.WIDTH);
        rules.embedding(before + "word_embeddings").add(positions.ordered(RowOrder.BEHIND_PADDING));
        return typesAndNorm(rules, before);
    }

    private static TensorRules typesAndNorm(TensorRules rules, String before) {
        return rules.matrix(before + "token_type_embeddings", "token_types", Size.TYPES, Size.WIDTH)
                .layerNorm(before + "LayerNorm", "token_embd_norm");
    }

    /** Attention of a layer as BERT calls it, and the norm behind it. */
    static TensorRules attention(TensorRules rules, String layer) {
        String self = layer + "attention.self.";
        return rules.biased(self + "query", BLOCK + "attn_q", Size.QUERIES, Size.WIDTH, Layout.PLAIN)
                .biased(self + "key", BLOCK + "attn_k", Size.KEYS, Size.WIDTH, Layout.PLAIN)
                .biased(self + "value", BLOCK + "attn_v", Size.KEYS, Size.WIDTH, Layout.PLAIN)
                .biased(layer + "attention.output.dense", BLOCK + "attn_output", Size.WIDTH, Size.QUERIES, Layout.PLAIN)
                .layerNorm(layer + "attention.output.LayerNorm", BLOCK + "attn_output_norm");
    }

    /** A head that ranks: one product, an activation, and another to the labels. */
    static TensorRules head(TensorRules rules, String dense, String out) {
        return rules.add(TensorRule.matrix(dense + ".weight", "cls.weight", Size.WIDTH, Size.WIDTH))
                .add(TensorRule.vector(dense + ".bias", "cls.bias", Size.WIDTH))
                .add(TensorRule.matrix(out + ".weight", "cls.output.weight", Size.LABELS, Size.WIDTH))
                .add(TensorRule.vector(out + ".bias", "cls.output.bias", Size.LABELS));
    }
}
