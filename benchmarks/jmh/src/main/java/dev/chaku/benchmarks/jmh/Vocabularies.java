package dev.chaku.benchmarks.jmh;

import dev.chaku.gguf.GgufMetadata;
import dev.chaku.gguf.GgufValue;
import dev.chaku.text.BpeTrainer;
import dev.chaku.text.BpeVocabulary;
import dev.chaku.text.Tokenizer;
import dev.chaku.text.Tokenizers;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Tokenizers of the three kinds, whose vocabularies fit the generated text about as well as real ones fit real text.
 */
final class Vocabularies {
    private static final int SIZE = 8192;
    private static final int NORMAL = 1;
    private static final int UNKNOWN = 2;
    private static final int CONTROL = 3;
    private static final int BYTE = 6;

    private final Map<String, GgufValue> values = new LinkedHashMap<>();
    private final Set<String> tokens = new LinkedHashSet<>();
    private final List<Integer> types = new ArrayList<>();

    private Vocabularies(String model) {
        values.put("tokenizer.ggml.model", GgufValue.of(model));
    }

    /** A tokenizer by its kind: {@code bpe}, {@code spm} or {@code wordpiece}. */
    static Tokenizer tokenizer(String kind) {
        return switch (kind) {
            case "bpe" -> bytePairs().tokenizer();
            case "spm" -> sentencePiece();
            case "wordpiece" -> wordPiece();
            default -> throw new IllegalArgumentException("expected bpe, spm or wordpiece, found " + kind);
        };
    }

    /** Byte pairs with the words of Llama 3 and the special tokens of ChatML. */
    static BpeVocabulary bytePairs() {
        return new BpeTrainer(SIZE)
                .preTokenizer("llama-bpe")
                .special("<|im_start|>")
                .eos("<|im_end|>")
                .train(List.of(new GeneratedText(2).sentences(GeneratedText.MEGABYTE)));
    }

    /**
     * The pieces that byte pairs learned, the earlier learned the better, spaces marked as SentencePiece marks them.
     */
    private static Tokenizer sentencePiece() {
        Vocabularies made = new Vocabularies("llama");
        made.add("<unk>", UNKNOWN).add("<s>", CONTROL).add("</s>", CONTROL);
        for (int value = 0; value < 256; value++) {
            made.add(String.format("<0x%02X>", value), BYTE);
        }
        made.add("\u2581", NORMAL);
        for (String token : bytePairs().tokens()) {
            if (token.matches("\u0120?[a-zA-Z0-9.,]+")) {
                made.add(token.replace('\u0120', '\u2581'), NORMAL);
            }
        }
        float[] scores = new float[made.tokens.size()];
        for (int i = 0; i < scores.length; i++) {
            scores[i] = -i;
        }
        made.values.put("tokenizer.ggml.scores", GgufValue.of(scores));
        return made.build();
    }

    /** Half of the words whole, and what the others are made of. */
    private static Tokenizer wordPiece() {
        Vocabularies made = new Vocabularies("bert");
        made.add("[UNK]", UNKNOWN).add("[CLS]", CONTROL).add("[SEP]", CONTROL);
        made.values.put("tokenizer.ggml.unknown_token_id", GgufValue.ofUint32(0));
        made.values.put("tokenizer.ggml.bos_token_id", GgufValue.ofUint32(1));
        made.values.put("tokenizer.ggml.seperator_token_id", GgufValue.ofUint32(2));
        for (char c = '!'; c <= '~'; c++) {
            made.add("\u2581" + c, NORMAL).add(Character.toString(c), NORMAL);
        }
        List<String> words = new GeneratedText(2).words();
        for (String word : words.subList(0, words.size() / 2)) {
            made.add("\u2581" + word.replace('é', 'e').replace('ö', 'o'), NORMAL);
        }
        for (String token : bytePairs().tokens()) {
            if (token.matches("[a-z]+")) {
                made.add(token, NORMAL);
            }
        }
        return made.build();
    }

    private Vocabularies add(String token, int type) {
        if (tokens.add(token)) {
            types.add(type);
        }
        return this;
    }

    private Tokenizer build() {
        values.put("tokenizer.ggml.tokens", GgufValue.of(List.copyOf(tokens)));
        values.put(
                "tokenizer.ggml.token_type",
                GgufValue.of(types.stream().mapToInt(type -> type).toArray()));
        return Tokenizers.of(new GgufMetadata("generated vocabulary", values));
    }
}
