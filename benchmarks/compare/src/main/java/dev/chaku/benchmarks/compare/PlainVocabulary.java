package dev.chaku.benchmarks.compare;

import dev.chaku.gguf.GgufValue;
import dev.chaku.gguf.GgufWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A byte-level vocabulary of any size that every engine loads: the 256 bytes, one pair, an end of text, and words that
 * no text contains. One letter is one token, so a prompt of n letters has n tokens in every program.
 */
final class PlainVocabulary {
    /** Ids of the bytes in the order of the byte alphabet; the letters stand where ASCII has them, counted from '!'. */
    private static final int FIRST_PRINTABLE = '!';

    /** The first id of a word; those before are bytes and special tokens. */
    static final int FIRST_WORD = 258;

    private static final String FIRST_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

    private static final Pattern WORD = Pattern.compile("<w(\\d+)>");
    private static final int NORMAL = 1;
    private static final int CONTROL = 3;

    private PlainVocabulary() {}

    static void put(GgufWriter writer, int size) {
        List<String> tokens = new ArrayList<>(size);
        for (int b = FIRST_PRINTABLE; b <= '~'; b++) {
            tokens.add(Character.toString(b));
        }
        for (int b = 0xa1; b <= 0xff; b++) {
            if (b != 0xad) {
                tokens.add(Character.toString(b));
            }
        }
        // The 68 bytes that cannot be printed go by the characters from U+0100 on.
        for (int i = 0; i < 68; i++) {
            tokens.add(Character.toString(0x100 + i));
        }
        tokens.add("~~");
        tokens.add("<|endoftext|>");
        int end = tokens.size() - 1;
        while (tokens.size() < size) {
            tokens.add("<w" + tokens.size() + ">");
        }
        int[] types = new int[size];
        Arrays.fill(types, NORMAL);
        types[end] = CONTROL;
        writer.put("tokenizer.ggml.model", "gpt2")
                .put("tokenizer.ggml.pre", "llama-bpe")
                .put("tokenizer.ggml.tokens", GgufValue.of(tokens))
                .put("tokenizer.ggml.token_type", GgufValue.of(types))
                .put("tokenizer.ggml.merges", GgufValue.of(List.of("~ ~")))
                .put("tokenizer.ggml.bos_token_id", end)
                .put("tokenizer.ggml.eos_token_id", end)
                .put("tokenizer.ggml.add_bos_token", false);
    }

    /** A text of so many tokens. Those of 52 seeds in a row begin differently: none finds its beginning in a cache. */
    static String text(int tokens, long seed) {
        Random random = new Random(seed);
        StringBuilder text = new StringBuilder(tokens);
        text.append(FIRST_LETTERS.charAt(Math.floorMod(seed, FIRST_LETTERS.length())));
        while (text.length() < tokens) {
            text.append((char) ('a' + random.nextInt(26)));
        }
        return text.toString();
    }

    /** The ids of a text of letters. */
    static int[] ids(String text) {
        return text.chars().map(c -> c - FIRST_PRINTABLE).toArray();
    }

    /**
     * The ids of a text of words only.
     *
     * @throws IllegalArgumentException if something else stands in it
     */
    static List<Integer> words(String text) {
        List<Integer> ids = new ArrayList<>();
        Matcher matcher = WORD.matcher(text);
        int end = 0;
        while (matcher.find()) {
            if (matcher.start() != end) {
                break;
            }
            ids.add(Integer.parseInt(matcher.group(1)));
            end = matcher.end();
        }
        if (end != text.length()) {
            throw new IllegalArgumentException("expected words like <w300> only, found '" + text + "'");
        }
        return ids;
    }
}
