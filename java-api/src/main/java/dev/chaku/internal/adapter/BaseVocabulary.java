package dev.chaku.internal.adapter;

import dev.chaku.gguf.GgufArray;
import dev.chaku.gguf.GgufMetadata;
import dev.chaku.internal.io.Sha256;
import java.nio.ByteBuffer;
import java.util.Optional;

/** A hash of a model's tokens in their order: ids mean the same in two models only if it is the same. */
public final class BaseVocabulary {
    private BaseVocabulary() {}

    /** The hash; nothing of a model without tokens. */
    public static Optional<String> hash(GgufMetadata model) {
        return model.findStrings("tokenizer.ggml.tokens").map(BaseVocabulary::hash);
    }

    private static String hash(GgufArray.Strings tokens) {
        Sha256 sum = new Sha256();
        for (int i = 0; i < tokens.size(); i++) {
            byte[] bytes = tokens.bytesAt(i);
            sum.add(ByteBuffer.allocate(Integer.BYTES).putInt(bytes.length).flip())
                    .add(bytes);
        }
        return sum.hex();
    }
}
