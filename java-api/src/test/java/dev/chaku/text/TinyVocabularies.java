package dev.chaku.text;

import dev.chaku.gguf.GgufArray;
import dev.chaku.gguf.GgufMetadata;
import dev.chaku.gguf.GgufValue;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** Vocabularies small enough to follow by hand. */
final class TinyVocabularies {
    static final int NORMAL = 1;
    static final int UNKNOWN = 2;
    static final int CONTROL = 3;
    static final int USER_DEFINED = 4;
    static final int UNUSED = 5;
    static final int BYTE = 6;

    private final Map<String, GgufValue> values = new LinkedHashMap<>();
    private final List<String> tokens = new ArrayList<>();
    private final List<Integer> types = new ArrayList<>();
    private final List<Float> scores = new ArrayList<>();

    TinyVocabularies(String model) {
        values.put("tokenizer.ggml.model", GgufValue.of(model));
    }

    TinyVocabularies put(String name, GgufValue value) {
        values.put("tokenizer.ggml." + name, value);
        return this;
    }

    /** A key of our own. */
    TinyVocabularies putOwn(String name, GgufValue value) {
        values.put("chaku.tokenizer." + name, value);
        return this;
    }

    TinyVocabularies template(String template) {
        values.put("tokenizer.chat_template", GgufValue.of(template));
        return this;
    }

    TinyVocabularies token(String spelling, int type, float score) {
        tokens.add(spelling);
        types.add(type);
        scores.add(score);
        return this;
    }

    TinyVocabularies tokens(int type, String... spellings) {
        for (String spelling : spellings) {
            token(spelling, type, 0);
        }
        return this;
    }

    GgufMetadata metadata() {
        float[] floats = new float[scores.size()];
        IntStream.range(0, floats.length).forEach(i -> floats[i] = scores.get(i));
        put("tokens", GgufValue.of(tokens));
        put("token_type", GgufValue.of(types.stream().mapToInt(type -> type).toArray()));
        put("scores", GgufValue.of(floats));
        return new GgufMetadata("tiny", values);
    }

    Tokenizer tokenizer() {
        return Tokenizers.of(metadata());
    }

    /** SentencePiece: 0..2 special, 3..258 bytes, 259 on pieces. */
    static TinyVocabularies sentencePiece() {
        TinyVocabularies tiny =
                new TinyVocabularies("llama").tokens(UNKNOWN, "<unk>").tokens(CONTROL, "<s>", "</s>");
        for (int value = 0; value < 256; value++) {
            tiny.token(String.format("<0x%02X>", value), BYTE, 0);
        }
        String[] pieces = {"\u2581", "a", "b", "c", "ab", "bc", "\u2581a", "\u2581ab", "abc", "\u2581\u2581"};
        float[] scores = {-10, -11, -12, -13, -3, -2, -4, -1, -5, -6};
        for (int i = 0; i < pieces.length; i++) {
            tiny.token(pieces[i], NORMAL, scores[i]);
        }
        return tiny.tokens(USER_DEFINED, "<tool>");
    }

    /** Byte-level BPE: 0..255 bytes in the order of their values, then what the merges make, then special tokens. */
    static TinyVocabularies bytePairs(String pre, String... merges) {
        TinyVocabularies tiny =
                new TinyVocabularies("gpt2").put("pre", GgufValue.of(pre)).put("merges", GgufValue.of(List.of(merges)));
        for (int value = 0; value < 256; value++) {
            tiny.token(String.valueOf(ByteAlphabet.charOf(value)), NORMAL, 0);
        }
        for (String merge : merges) {
            tiny.token(merge.replace(" ", ""), NORMAL, 0);
        }
        return tiny;
    }

    /** WordPiece: 0 padding, 1 unknown, 2 CLS, 3 SEP, then pieces. */
    static TinyVocabularies wordPiece() {
        return new TinyVocabularies("bert")
                .put("bos_token_id", GgufValue.ofUint32(2))
                .put("seperator_token_id", GgufValue.ofUint32(3))
                .put("unknown_token_id", GgufValue.ofUint32(1))
                .tokens(CONTROL, "[PAD]")
                .tokens(UNKNOWN, "[UNK]")
                .tokens(CONTROL, "[CLS]", "[SEP]")
                .tokens(
                        NORMAL,
                        "\u2581un",
                        "want",
                        "ed",
                        "\u2581runn",
                        "ing",
                        "\u2581,",
                        "\u2581want",
                        "\u2581\u7740",
                        "\u2581cafe",
                        "\u2581$");
    }

    /** Unigram: pad, end, unknown, and a few pieces; characters are replaced by a table first. */
    static TinyVocabularies unigram() {
        TinyVocabularies tiny = new TinyVocabularies("t5")
                .put("add_space_prefix", GgufValue.of(true))
                .put("remove_extra_whitespaces", GgufValue.of(true))
                .put(
                        "precompiled_charsmap",
                        GgufArray.Numbers.of(CharacterTables.blob(Map.of(
                                "\uff21", "A", "\u3000", " ", "\t", " ", "e\u0301", "\u00e9", "\u200b", "", "\u2126",
                                "ab"))))
                .tokens(CONTROL, "<pad>", "</s>")
                .tokens(UNKNOWN, "<unk>");
        String[] pieces = {"\u2581", "a", "b", "ab", "\u2581ab", "\u00e9", "aba", "A", "b\u2581"};
        float[] scores = {-3, -4, -4.5f, -5, -6, -7, -6.5f, -7, -9};
        for (int i = 0; i < pieces.length; i++) {
            tiny.token(pieces[i], NORMAL, scores[i]);
        }
        return tiny;
    }
}
