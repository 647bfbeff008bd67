package dev.chaku.data.doctor;

import java.util.Arrays;
import java.util.Locale;
import java.util.function.IntConsumer;
import java.util.function.IntPredicate;

/**
 * Finds texts that are nearly equal without comparing all with all, and without keeping them.
 *
 * <p>A text is the set of its runs of five characters, in lower case and with white space taken together. The smallest
 * value of a random hash over a set is equal for two sets with a probability that is their Jaccard similarity [1]; one
 * hash whose values are dealt out to bins gives one such value per bin [2], and an empty bin borrows from another that
 * its number picks [3]. Eight bands of four such values each bring texts together that are similar: at 0.9 with 0.9998,
 * at 0.5 with 0.4. What comes together is then compared by the 128 smallest values of all [4]: texts of up to 128 runs
 * exactly, longer ones with a standard deviation of 0.03.
 *
 * <p>[1] A. Broder, On the resemblance and containment of documents, 1997. [2] P. Li, A. Owen, C.-H. Zhang, One
 * permutation hashing, 2012. [3] A. Shrivastava, Optimal densification for fast and accurate minwise hashing, 2017. [4]
 * E. Cohen, H. Kaplan, Summarizing data using bottom-k sketches, 2007. Not thread-safe.
 */
final class MinHash {
    static final double SIMILAR = 0.85;
    private static final int RUN = 5;
    private static final int BANDS = 8;
    private static final int ROWS = 4;
    /** Few are enough: in a data set of near copies each finds one of the first. */
    private static final int CANDIDATES = 8;

    private static final int KEPT = 128;
    private static final int EMPTY = Integer.MAX_VALUE;

    /**
     * What is kept of a text.
     *
     * @param bands keys that similar texts share
     * @param least smallest hashes of its runs, ascending, each once
     */
    record Sketch(long[] bands, int[] least) {}

    private final BandTable buckets;
    private final SketchStore kept = new SketchStore(KEPT);
    /** What the caller calls each that is kept. */
    private final IntSeries names = new IntSeries();

    private final int[] compared;

    MinHash() {
        this(CANDIDATES);
    }

    /** @param candidates texts that one is compared with, for each band of its sketch */
    MinHash(int candidates) {
        this.buckets = new BandTable(candidates);
        this.compared = new int[BANDS * candidates];
    }

    /** Keeps a text under a number of the caller's, to be found by {@link #similar}. */
    void add(int name, Sketch sketch) {
        names.add(name);
        int number = kept.add(sketch.least());
        for (long key : sketch.bands()) {
            buckets.add(key, number);
        }
    }

    /** The number of a text kept before that is nearly equal to this one, or -1. */
    int similar(Sketch sketch) {
        int[] found = {-1};
        compare(sketch, name -> {
            found[0] = name;
            return false;
        });
        return found[0];
    }

    /** Tells the numbers of all texts kept before that are found to be nearly equal to this one. */
    void allSimilar(Sketch sketch, IntConsumer found) {
        compare(sketch, name -> {
            found.accept(name);
            return true;
        });
    }

    /** @param found is told each, and says whether to go on */
    private void compare(Sketch sketch, IntPredicate found) {
        int n = 0;
        for (long key : sketch.bands()) {
            for (int entry = buckets.first(key); entry >= 0; entry = buckets.after(entry)) {
                int candidate = buckets.number(entry);
                if (isIn(compared, n, candidate)) {
                    continue;
                }
                compared[n++] = candidate;
                if (jaccard(sketch.least(), kept.get(candidate)) >= SIMILAR && !found.test(names.get(candidate))) {
                    return;
                }
            }
        }
    }

    private static boolean isIn(int[] values, int n, int value) {
        for (int i = 0; i < n; i++) {
            if (values[i] == value) {
                return true;
            }
        }
        return false;
    }

    static double similarity(String a, String b) {
        return jaccard(sketch(a).least(), sketch(b).least());
    }

    static String normal(String text) {
        StringBuilder normal = new StringBuilder(text.length());
        boolean space = false;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (Character.isWhitespace(c)) {
                space = normal.length() > 0;
            } else {
                if (space) {
                    normal.append(' ');
                    space = false;
                }
                normal.append(c);
            }
        }
        return normal.toString().toLowerCase(Locale.ROOT);
    }

    static Sketch sketch(String text) {
        String normal = normal(text);
        int[] minima = new int[BANDS * ROWS];
        Arrays.fill(minima, EMPTY);
        Least least = new Least();
        for (int i = 0; i == 0 || i + RUN <= normal.length(); i++) {
            long hash = run(normal, i);
            least.add((int) hash);
            int bin = (int) (hash >>> 32) & (minima.length - 1);
            minima[bin] = Math.min(minima[bin], (int) (hash >>> 37));
        }
        fillEmpty(minima);
        long[] keys = new long[BANDS];
        for (int band = 0; band < BANDS; band++) {
            long key = band + 1;
            for (int row = 0; row < ROWS; row++) {
                key = mix(key * 31 + minima[band * ROWS + row]);
            }
            keys[band] = key;
        }
        return new Sketch(keys, least.sorted());
    }

    private static void fillEmpty(int[] minima) {
        int[] found = minima.clone();
        for (int bin = 0; bin < minima.length; bin++) {
            for (int attempt = 0; minima[bin] == EMPTY; attempt++) {
                minima[bin] = found[(int) mix(bin * 0x9E3779B97F4A7C15L + attempt) & (minima.length - 1)];
            }
        }
    }

    private static long run(String text, int from) {
        long hash = 0xcbf29ce484222325L;
        for (int i = from; i < Math.min(text.length(), from + RUN); i++) {
            hash = (hash ^ text.charAt(i)) * 0x100000001b3L;
        }
        return mix(hash);
    }

    private static long mix(long x) {
        long y = (x ^ x >>> 32) * 0xd6e8feb86659fd93L;
        return y ^ y >>> 32;
    }

    /** Share of the smallest values of both together that both have. */
    private static double jaccard(int[] a, int[] b) {
        int both = 0;
        int all = 0;
        int i = 0;
        int j = 0;
        while (all < KEPT && (i < a.length || j < b.length)) {
            all++;
            if (j == b.length || i < a.length && a[i] < b[j]) {
                i++;
            } else if (i == a.length || b[j] < a[i]) {
                j++;
            } else {
                both++;
                i++;
                j++;
            }
        }
        return all == 0 ? 0 : (double) both / all;
    }

    /** The smallest values of those added. */
    private static final class Least {
        private final int[] values = new int[2 * KEPT];
        private int n;
        private int limit = Integer.MAX_VALUE;

        void add(int value) {
            if (value <= limit) {
                if (n == values.length) {
                    shrink();
                }
                values[n++] = value;
            }
        }

        int[] sorted() {
            shrink();
            return Arrays.copyOf(values, n);
        }

        private void shrink() {
            Arrays.sort(values, 0, n);
            int distinct = 0;
            for (int i = 0; i < n && distinct < KEPT; i++) {
                if (i == 0 || values[i] != values[i - 1]) {
                    values[distinct++] = values[i];
                }
            }
            n = distinct;
            limit = n == KEPT ? values[n - 1] : limit;
        }
    }
}
