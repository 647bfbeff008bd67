package dev.chaku.benchmarks.jmh;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Text that is spread like natural text: eight thousand made-up words of two to four syllables whose frequency falls
 * with their rank, some with accents, among them words that occur once, numbers, punctuation and line breaks. The same
 * seed gives the same text.
 */
final class GeneratedText {
    /** Sizes of texts that speeds are given for: operations per second are then megabytes per second. */
    static final int MEGABYTE = 1_000_000;

    private static final int WORDS = 8000;
    private static final String[] ONSETS = {
        "b", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "t", "v", "st", "tr", "ch", "sh", ""
    };
    private static final String[] RHYMES = {
        "a", "e", "i", "o", "u", "an", "en", "in", "on", "ar", "er", "or", "al", "ing", "é", "ö"
    };

    private final List<String> words = new ArrayList<>();
    private final Random random;

    GeneratedText(long seed) {
        Random spelling = new Random(1);
        for (int i = 0; i < WORDS; i++) {
            words.add(spelled(spelling, 2 + spelling.nextInt(3)));
        }
        random = new Random(seed);
    }

    private static String spelled(Random spelling, int syllables) {
        StringBuilder word = new StringBuilder();
        for (int i = 0; i < syllables; i++) {
            word.append(ONSETS[spelling.nextInt(ONSETS.length)]);
            // The accented ones are rare, as they are in most languages.
            word.append(RHYMES[spelling.nextInt(spelling.nextInt(8) == 0 ? RHYMES.length : RHYMES.length - 2)]);
        }
        return word.toString();
    }

    List<String> words() {
        return words;
    }

    /** Sentences of at least so many bytes, ending with a whole one. */
    String sentences(int bytes) {
        StringBuilder text = new StringBuilder(bytes + 100);
        while (text.length() < bytes) {
            sentence(text);
        }
        return text.toString();
    }

    /** A text of exactly so many bytes of UTF-8. */
    String exactly(int bytes) {
        byte[] utf8 = sentences(bytes + 10).getBytes(StandardCharsets.UTF_8);
        int end = bytes;
        while ((utf8[end] & 0xc0) == 0x80) {
            end--;
        }
        return new String(utf8, 0, end, StandardCharsets.UTF_8) + " ".repeat(bytes - end);
    }

    private void sentence(StringBuilder text) {
        int length = 4 + random.nextInt(14);
        for (int i = 0; i < length; i++) {
            String word = random.nextInt(25) == 0 ? Integer.toString(random.nextInt(2100)) : word();
            text.append(i == 0 ? Character.toUpperCase(word.charAt(0)) + word.substring(1) : word);
            text.append(i == length - 1 ? ". " : random.nextInt(10) == 0 ? ", " : " ");
        }
        if (random.nextInt(8) == 0) {
            text.append('\n');
        }
    }

    /**
     * Ranks whose logarithm is even: the r-th word is about as frequent as 1 / r. One in thirty is a word like no
     * other.
     */
    private String word() {
        if (random.nextInt(30) == 0) {
            return spelled(random, 4 + random.nextInt(2));
        }
        return words.get((int) Math.pow(WORDS, random.nextDouble()) - 1);
    }
}
