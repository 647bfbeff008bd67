package dev.chaku.internal.arch.family;

import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufValue;
import dev.chaku.internal.arch.DecoderTraits;
import dev.chaku.internal.huggingface.HuggingFaceClass;
import dev.chaku.internal.huggingface.ModelConfig;
import java.util.List;
import java.util.Map;

/**
 * EmbeddingGemma: Gemma 3 whose tokens see those behind them, windowed layers half a window on either side; two
 * products follow the mean.
 */
final class GemmaEmbedding extends Family {
    GemmaEmbedding() {
        super("gemma-embedding");
    }

    @Override
    DecoderTraits traits(GgufFile file) {
        return Gemma3.kind().encoder().head(h -> h.projection());
    }

    @Override
    List<HuggingFaceClass> huggingFace() {
        return List.of(Gemma3.kind(of("Gemma3TextModel"), rules()).tied().keys(GemmaEmbedding::keys));
    }

    private static void keys(ModelConfig config, Map<String, GgufValue> keys) {
        Gemma3.keys(config, keys);
        if (!config.json().bool("use_bidirectional_attention", false)) {
            throw config.error("use_bidirectional_attention", "true", "none");
        }
        Encoders.keys(config, keys);
    }
}
