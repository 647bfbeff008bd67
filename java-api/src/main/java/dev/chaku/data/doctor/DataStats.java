package dev.chaku.data.doctor;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * What is in a data set.
 *
 * @param examples how many there are
 * @param kinds examples by kind
 * @param characters of all text that the examples hold
 * @param measured whether lengths are in tokens of the model's tokenizer; else they are a fourth of the UTF-8 bytes
 * @param tokens of all sequences
 * @param trainedTokens of those, the ones in the loss; equal to tokens if not measured
 * @param lengths of the sequences in tokens, ascending; not copied
 * @param rows of the longest length that they pack into
 * @param maxLength longest sequence that is trained, in tokens
 * @param content what the examples are made of
 */
public record DataStats(
        int examples,
        Map<String, Integer> kinds,
        long characters,
        boolean measured,
        long tokens,
        long trainedTokens,
        int[] lengths,
        int rows,
        int maxLength,
        DataContent content) {
    /** A bar of the histogram: lengths from {@code from} to below {@code to}. */
    public record Bin(int from, int to, int count) {}

    /**
     * {@return the length that a share of the sequences does not exceed; 0 without sequences}
     *
     * @param share in [0, 1]
     */
    public int percentile(double share) {
        return percentile(lengths, share);
    }

    /**
     * {@return the value that a share of all, given ascending, does not exceed; 0 without values}
     *
     * @param ascending lengths in tokens, sorted from the shortest
     * @param share in [0, 1]
     */
    public static int percentile(int[] ascending, double share) {
        int n = ascending.length;
        return n == 0 ? 0 : ascending[(int) Math.min(n - 1, Math.floor(share * n))];
    }

    /** {@return lengths in powers of two, from the shortest to the longest} */
    public List<Bin> histogram() {
        return histogram(lengths);
    }

    /**
     * {@return values that are not negative, given ascending, in powers of two; zeros are in the first}
     *
     * @param ascending lengths in tokens, sorted from the shortest
     */
    public static List<Bin> histogram(int[] ascending) {
        List<Bin> bins = new ArrayList<>();
        if (ascending.length == 0) {
            return bins;
        }
        long from = Integer.highestOneBit(Math.max(1, ascending[0]));
        for (; from <= ascending[ascending.length - 1]; from *= 2) {
            long low = from;
            long high = 2 * from;
            int count = (int) Arrays.stream(ascending)
                    .filter(n -> n >= low && n < high || low == 1 && n == 0)
                    .count();
            bins.add(new Bin((int) low, (int) Math.min(high, Integer.MAX_VALUE), count));
        }
        return bins;
    }

    /** Counts by name, the largest first, by name among equals. */
    static List<Map.Entry<String, Integer>> largestFirst(Map<String, Integer> counts) {
        Comparator<Map.Entry<String, Integer>> byCount = Map.Entry.comparingByValue(Comparator.reverseOrder());
        return counts.entrySet().stream()
                .sorted(byCount.thenComparing(Map.Entry.comparingByKey()))
                .toList();
    }

    /** {@return the share of the tokens that is trained} */
    public double coverage() {
        return tokens == 0 ? 0 : (double) trainedTokens / tokens;
    }

    /** {@return the share of the packed rows that is filled} */
    public double fill() {
        long filled = Arrays.stream(lengths)
                .asLongStream()
                .map(n -> Math.min(n, maxLength))
                .sum();
        return rows == 0 ? 0 : (double) filled / ((long) rows * maxLength);
    }
}
