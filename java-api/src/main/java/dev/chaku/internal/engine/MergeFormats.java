package dev.chaku.internal.engine;

import dev.chaku.gguf.GgmlType;
import java.util.Map;

/**
 * How the weights that a LoRA training adapts will be written when it is merged into them.
 *
 * @param every optimizer steps from one quantization to the next, at least 1
 * @param formats of every adapted weight; each can be encoded, and its blocks fill the weight's rows
 */
public record MergeFormats(int every, Map<DecoderModule.Place, GgmlType> formats) {
    public MergeFormats {
        formats = Map.copyOf(formats);
    }
}
