package dev.chaku.internal.eval.measure;

import java.text.Normalizer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * How like one text is to another, from 0 to 1.
 *
 * <p>Words are runs of letters, digits and marks, in lower case after NFKC; scripts that write no spaces (Han,
 * Hiragana, Katakana, Thai, Lao, Khmer, Myanmar) give a word a character. F1 is that of SQuAD without its English
 * articles (Rajpurkar et al. 2016), ROUGE-L that of Lin 2004 with beta 1, chrF that of Popovic 2015: n-grams of 1 to 6
 * characters without white space, beta 2, precision and recall each averaged over the orders that both texts have.
 */
public final class TextLikeness {
    private static final int ORDERS = 6;
    private static final double BETA_SQUARED = 4;
    /** Words of either text that ROUGE-L looks at: its work is their product. */
    private static final int MOST_WORDS = 4096;

    private TextLikeness() {}

    /** Without white space at the ends, in Unicode's composed form. */
    public static String trimmed(String text) {
        return Normalizer.normalize(text.strip(), Normalizer.Form.NFC);
    }

    /** The words of a text. */
    public static List<String> words(String text) {
        String folded = Normalizer.normalize(text, Normalizer.Form.NFKC).toLowerCase(Locale.ROOT);
        List<String> words = new ArrayList<>();
        StringBuilder word = new StringBuilder();
        folded.codePoints().forEach(point -> {
            boolean alone = standsAlone(point);
            if (alone || !isOfWord(point)) {
                end(word, words);
            }
            if (alone) {
                words.add(Character.toString(point));
            } else if (isOfWord(point)) {
                word.appendCodePoint(point);
            }
        });
        end(word, words);
        return words;
    }

    private static void end(StringBuilder word, List<String> words) {
        if (word.length() > 0) {
            words.add(word.toString());
            word.setLength(0);
        }
    }

    private static boolean isOfWord(int point) {
        int type = Character.getType(point);
        return Character.isLetterOrDigit(point)
                || type == Character.NON_SPACING_MARK
                || type == Character.COMBINING_SPACING_MARK
                || type == Character.ENCLOSING_MARK;
    }

    private static boolean standsAlone(int point) {
        if (!isOfWord(point)) {
            return false;
        }
        return switch (Character.UnicodeScript.of(point)) {
            case HAN, HIRAGANA, KATAKANA, THAI, LAO, KHMER, MYANMAR -> true;
            default -> false;
        };
    }

    /** The words of a text's first line with a space between them: what labels are compared by. */
    public static String label(String text) {
        String stripped = text.strip();
        int end = stripped.indexOf('\n');
        String line = end < 0 ? stripped : stripped.substring(0, end);
        List<String> words = words(line);
        return words.isEmpty() ? trimmed(line) : String.join(" ", words);
    }

    /** F1 of the words, each as often as it occurs. Two texts without words are alike. */
    public static double f1(String answer, String reference) {
        List<String> found = words(answer);
        List<String> expected = words(reference);
        Map<String, Integer> left = new HashMap<>();
        expected.forEach(word -> left.merge(word, 1, Integer::sum));
        int common = 0;
        for (String word : found) {
            Integer n = left.get(word);
            if (n != null && n > 0) {
                left.put(word, n - 1);
                common++;
            }
        }
        return harmonic(common, found.size(), expected.size());
    }

    /** F1 of the longest common subsequence of words; of long texts the first {@value #MOST_WORDS} words count. */
    public static double rougeL(String answer, String reference) {
        List<String> found = words(answer);
        List<String> expected = words(reference);
        int common = subsequence(first(found), first(expected));
        return harmonic(common, Math.min(found.size(), MOST_WORDS), Math.min(expected.size(), MOST_WORDS));
    }

    private static List<String> first(List<String> words) {
        return words.subList(0, Math.min(words.size(), MOST_WORDS));
    }

    private static double harmonic(int common, int found, int expected) {
        if (found == 0 && expected == 0) {
            return 1;
        }
        return 2.0 * common / (found + expected);
    }

    private static int subsequence(List<String> a, List<String> b) {
        int[] before = new int[b.size() + 1];
        int[] now = new int[b.size() + 1];
        for (String word : a) {
            for (int j = 0; j < b.size(); j++) {
                now[j + 1] = word.equals(b.get(j)) ? before[j] + 1 : Math.max(before[j + 1], now[j]);
            }
            int[] swap = before;
            before = now;
            now = swap;
        }
        return before[b.size()];
    }

    /** chrF of the characters. Two texts without any are alike. */
    public static double chrF(String answer, String reference) {
        int[] found = characters(answer);
        int[] expected = characters(reference);
        if (found.length == 0 || expected.length == 0) {
            return found.length == expected.length ? 1 : 0;
        }
        double precision = 0;
        double recall = 0;
        int orders = 0;
        for (int n = 1; n <= ORDERS && n <= found.length && n <= expected.length; n++) {
            int common = commonGrams(found, expected, n);
            precision += (double) common / (found.length - n + 1);
            recall += (double) common / (expected.length - n + 1);
            orders++;
        }
        precision /= orders;
        recall /= orders;
        double weighted = BETA_SQUARED * precision + recall;
        return weighted == 0 ? 0 : (1 + BETA_SQUARED) * precision * recall / weighted;
    }

    private static int[] characters(String text) {
        return text.codePoints()
                .filter(point -> !Character.isWhitespace(point) && !Character.isSpaceChar(point))
                .toArray();
    }

    private static int commonGrams(int[] a, int[] b, int n) {
        Map<String, Integer> grams = new HashMap<>();
        for (int i = 0; i + n <= b.length; i++) {
            grams.merge(new String(b, i, n), 1, Integer::sum);
        }
        int common = 0;
        for (int i = 0; i + n <= a.length; i++) {
            Integer left = grams.get(new String(a, i, n));
            if (left != null && left > 0) {
                grams.put(new String(a, i, n), left - 1);
                common++;
            }
        }
        return common;
    }
}
