package dev.chaku.text;

import dev.chaku.gguf.GgufMetadata;
import dev.chaku.gguf.GgufValue;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * A trained byte-level BPE vocabulary: the 256 bytes, then what the merges made, then the special tokens.
 *
 * @param tokens spellings by id, ordinary ones in the byte alphabet of GPT-2
 * @param merges pairs of spellings, the first learned first
 * @param specialCount how many tokens at the end are special
 * @param preTokenizer the name of the way to cut text into words that it was trained with
 * @param bos id of the token before a text, if there is one
 * @param eos id of the token that ends a generated text, if there is one
 */
public record BpeVocabulary(
        List<String> tokens,
        List<String> merges,
        int specialCount,
        String preTokenizer,
        OptionalInt bos,
        OptionalInt eos) {
    private static final int NORMAL = 1;
    private static final int CONTROL = 3;

    public BpeVocabulary {
        tokens = List.copyOf(tokens);
        merges = List.copyOf(merges);
    }

    /** {@return the number of tokens} */
    public int size() {
        return tokens.size();
    }

    /**
     * {@return the {@code tokenizer.ggml.*} metadata of a model with this vocabulary, for a
     * {@link dev.chaku.gguf.GgufWriter}} Without {@link #bos} none is added before a text; with it, one is.
     */
    public GgufMetadata metadata() {
        int[] types = new int[tokens.size()];
        for (int id = 0; id < types.length; id++) {
            types[id] = id < types.length - specialCount ? NORMAL : CONTROL;
        }
        Map<String, GgufValue> values = new LinkedHashMap<>();
        values.put("tokenizer.ggml.model", GgufValue.of("gpt2"));
        values.put("tokenizer.ggml.pre", GgufValue.of(preTokenizer));
        values.put("tokenizer.ggml.tokens", GgufValue.of(tokens));
        values.put("tokenizer.ggml.token_type", GgufValue.of(types));
        values.put("tokenizer.ggml.merges", GgufValue.of(merges));
        bos.ifPresent(id -> values.put("tokenizer.ggml.bos_token_id", GgufValue.ofUint32(id)));
        eos.ifPresent(id -> values.put("tokenizer.ggml.eos_token_id", GgufValue.ofUint32(id)));
        values.put("tokenizer.ggml.add_bos_token", GgufValue.of(bos.isPresent()));
        return new GgufMetadata("trained vocabulary", values);
    }

    /** {@return a tokenizer with this vocabulary} */
    public Tokenizer tokenizer() {
        return Tokenizers.of(metadata());
    }
}
