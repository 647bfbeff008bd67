package dev.chaku.internal.convert;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgufArray;
import dev.chaku.gguf.GgufValue;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;

/** Tokens by id while they are gathered; ids that nobody takes become unused tokens. Not thread-safe. */
final class VocabularyTable {
    static final int NORMAL = 1;
    static final int UNKNOWN = 2;
    static final int CONTROL = 3;
    static final int USER_DEFINED = 4;
    static final int UNUSED = 5;
    static final int BYTE = 6;

    private final String[] texts;
    private final int[] kinds;
    private final float[] scores;
    private final Map<String, Integer> ids = new HashMap<>();

    /** @param size rows of the embedding */
    VocabularyTable(int size) {
        texts = new String[size];
        kinds = new int[size];
        scores = new float[size];
    }

    int size() {
        return texts.length;
    }

    /**
     * Takes an id, in place of what had it before.
     *
     * @throws BadInputException if the model has no such row; source names who asked
     */
    void put(Object source, long id, String text, int kind, float score) {
        if (id < 0 || id >= texts.length) {
            throw new BadInputException(source + ": token '" + text + "' expects an id below vocab_size " + texts.length
                    + " of config.json, found " + id);
        }
        int at = (int) id;
        if (texts[at] != null) {
            ids.remove(texts[at], at);
        }
        texts[at] = text;
        kinds[at] = kind;
        scores[at] = score;
        ids.put(text, at);
    }

    Optional<Integer> find(String text) {
        return Optional.ofNullable(ids.get(text));
    }

    /** All spellings. */
    Set<String> texts() {
        return ids.keySet();
    }

    boolean isKind(int id, int kind) {
        return texts[id] != null && kinds[id] == kind;
    }

    void write(Map<String, GgufValue> metadata, boolean withScores) {
        for (int id = 0; id < texts.length; id++) {
            if (texts[id] == null) {
                put("", id, "[PAD" + id + "]", UNUSED, 0);
            }
        }
        metadata.put("tokenizer.ggml.tokens", GgufArray.Strings.of(List.of(texts)));
        if (withScores) {
            metadata.put("tokenizer.ggml.scores", GgufValue.of(scores));
        }
        metadata.put(
                "tokenizer.ggml.token_type", GgufValue.of(IntStream.of(kinds).toArray()));
    }
}
