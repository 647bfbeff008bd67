package dev.chaku.internal.adapter.merge;

import java.util.Arrays;

/**
 * Keeps a share of the values, those of the largest magnitude: ⌊density · number⌋ of them, and what is as large as the
 * smallest of these. Magnitudes are compared as float32.
 *
 * <p>The threshold is found without sorting, or a copy: the bits of a float that is not negative are ordered as the
 * float is. Of a large matrix, whose values are computed each time, a sample tells between which bits it will be; one
 * counting of all values, of those above and of each that lies between, ends at it exactly. Where the sample was wrong,
 * and of small matrices, two countings do: of the upper 15 bits and, where the threshold is, of the lower 16.
 *
 * @param density the share that is kept
 */
record MagnitudePruning(double density) implements Pruning {
    private static final int LOW_BITS = 16;
    /** Up to those of infinity. */
    private static final int HIGH_VALUES = (Float.floatToRawIntBits(Float.POSITIVE_INFINITY) >>> LOW_BITS) + 1;

    /** The least that is no finite float. */
    private static final double LEAST_INFINITE = 0x1.ffffffp127;

    /** Values from which on a sample pays. */
    private static final long LARGE = 1 << 20;

    /** How far the share of a sample may be from that of all. */
    private static final double MARGIN = 0.02;

    /** Upper bits between which the threshold may be: more would be counters beyond the cache. */
    private static final int MOST_BETWEEN = 64;

    @Override
    public Pruner of(Values values, String key) {
        if (density == 1) {
            return Pruning.none().of(values, key);
        }
        double below = Math.nextDown(leastThatRoundsTo(threshold(values, (long) (density * values.count()))));
        return (all, from, count, first) -> {
            for (int i = from; i < from + count; i++) {
                // Plus zero: what is dropped has no sign.
                all[i] = all[i] * Choice.isPositive(Math.abs(all[i]) - below) + 0.0;
            }
        };
    }

    /** The smallest number that becomes a float: half way from the one before. */
    private static double leastThatRoundsTo(int bits) {
        if (bits == Integer.MAX_VALUE) {
            return Double.POSITIVE_INFINITY;
        }
        float value = Float.intBitsToFloat(bits);
        if (Float.isInfinite(value)) {
            return LEAST_INFINITE;
        }
        return value == 0 ? 0 : (value + (double) Math.nextDown(value)) / 2;
    }

    private static int bits(double value) {
        return Float.floatToRawIntBits((float) value) & Integer.MAX_VALUE;
    }

    /** The bits of the smallest magnitude that is kept. */
    private static int threshold(Values values, long kept) {
        if (kept == 0) {
            return Integer.MAX_VALUE;
        }
        int bits = values.count() < LARGE ? -1 : sampled(values, kept);
        return bits < 0 ? counted(values, kept) : bits;
    }

    private static int counted(Values values, long kept) {
        long[] high = new long[HIGH_VALUES];
        values.forEach((all, from, count) -> countHigh(all, from, count, high));
        long left = kept;
        int upper = HIGH_VALUES - 1;
        while (high[upper] < left) {
            left -= high[upper--];
        }
        return upper + 1 < HIGH_VALUES ? between(values, kept, upper, upper) : upper << LOW_BITS;
    }

    private static void countHigh(double[] all, int from, int count, long[] high) {
        for (int i = from; i < from + count; i++) {
            high[bits(all[i]) >>> LOW_BITS]++;
        }
    }

    /** The same by a sample; less than 0 where that was no help. */
    private static int sampled(Values values, long kept) {
        long[] high = new long[HIGH_VALUES];
        values.forSome((all, from, count) -> countHigh(all, from, count, high));
        long sample = 0;
        for (long number : high) {
            sample += number;
        }
        double share = (double) kept / values.count();
        int last = upper(high, Math.max(0, (share - MARGIN) * sample));
        int first = upper(high, Math.min(sample - 1, (share + MARGIN) * sample));
        return last - first < MOST_BETWEEN && last + 1 < HIGH_VALUES ? between(values, kept, first, last) : -1;
    }

    /** The upper bits from which on there are more than so many values. */
    private static int upper(long[] high, double number) {
        int upper = HIGH_VALUES - 1;
        long above = high[upper];
        while (upper > 0 && above <= number) {
            above += high[--upper];
        }
        return upper;
    }

    /** The threshold if it is among those of some upper bits, else less than 0. */
    private static int between(Values values, long kept, int first, int last) {
        int[] counts = new int[last - first + 1 << LOW_BITS];
        Counting counting = new Counting(first << LOW_BITS, counts, leastThatRoundsTo(last + 1 << LOW_BITS));
        values.forEach(counting);
        long left = kept - counting.above();
        int at = counts.length;
        while (left > 0 && --at >= 0) {
            left -= counts[at];
        }
        return at < 0 || at == counts.length ? -1 : counting.firstBits + at;
    }

    /** Counts values: each of some bits, and all that are larger. */
    private static final class Counting implements Values.Visitor {
        /** For the rounding of middle and half. */
        private static final double BEYOND = 1 + 1e-9;

        private final int firstBits;
        private final int[] counts;
        private final double least;
        private final double end;
        private final double belowEnd;

        /** Numbers that add up: one for each place of a visit, which makes the loop one of vectors. */
        private double[] above = {};

        Counting(int firstBits, int[] counts, double end) {
            this.firstBits = firstBits;
            this.counts = counts;
            this.least = leastThatRoundsTo(firstBits);
            this.end = end;
            this.belowEnd = Math.nextDown(end);
        }

        @Override
        public void visit(double[] values, int from, int count) {
            if (above.length < from + count) {
                above = Arrays.copyOf(above, from + count);
            }
            countAbove(values, above, belowEnd, from, from + count);
            double middle = (least + end) / 2;
            double half = (end - least) / 2 * BEYOND;
            for (int i = from; i < from + count; i++) {
                double magnitude = Math.abs(values[i]);
                // One question with one usual answer; of two, the first alone would be a toss-up.
                if (Math.abs(magnitude - middle) <= half && magnitude < end && magnitude >= least) {
                    counts[bits(magnitude) - firstBits]++;
                }
            }
        }

        private static void countAbove(double[] values, double[] above, double below, int from, int to) {
            for (int i = from; i < to; i++) {
                above[i] += Choice.isPositive(Math.abs(values[i]) - below);
            }
        }

        long above() {
            return (long) Arrays.stream(above).sum();
        }
    }
}
