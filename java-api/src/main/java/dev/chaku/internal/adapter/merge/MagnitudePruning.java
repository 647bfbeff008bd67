package dev.chaku.internal.adapter.merge;

/**
 * Keeps a share of the values, those of the largest magnitude: ⌊density · number⌋ of them, and what is as large as the
 * smallest of these. Magnitudes are compared as float32.
 *
 * <p>The threshold is found without sorting, or a copy: the bits of a float that is not negative are ordered as the
 * float is, so two countings, of the upper 15 bits and, where the threshold is, of the lower 16, end at it exactly.
 *
 * @param density the share that is kept
 */
record MagnitudePruning(double density) implements Pruning {
    private static final int LOW_BITS = 16;
    private static final int HIGH_VALUES = 1 << (Integer.SIZE - 1 - LOW_BITS);

    @Override
    public Pruner of(Values values, String key) {
        if (density == 1) {
            return Pruning.none().of(values, key);
        }
        double least = leastThatRoundsTo(threshold(values, (long) (density * values.count())));
        return (all, from, count, first) -> {
            for (int i = from; i < from + count; i++) {
                all[i] = Bits.choose(~Bits.isNegative(Math.abs(all[i]) - least), all[i]);
            }
        };
    }

    /** The smallest number that becomes a float: half way from the one before. */
    private static double leastThatRoundsTo(int bits) {
        if (bits == Integer.MAX_VALUE) {
            return Double.POSITIVE_INFINITY;
        }
        float value = Float.intBitsToFloat(bits);
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
        long[] high = new long[HIGH_VALUES];
        values.forEach((all, from, count) -> {
            for (int i = from; i < from + count; i++) {
                high[bits(all[i]) >>> LOW_BITS]++;
            }
        });
        long left = kept;
        int upper = HIGH_VALUES - 1;
        while (high[upper] < left) {
            left -= high[upper--];
        }
        int top = upper;
        long[] low = new long[1 << LOW_BITS];
        values.forEach((all, from, count) -> {
            for (int i = from; i < from + count; i++) {
                int bits = bits(all[i]);
                if (bits >>> LOW_BITS == top) {
                    low[bits & ((1 << LOW_BITS) - 1)]++;
                }
            }
        });
        int lower = low.length - 1;
        while (low[lower] < left) {
            left -= low[lower--];
        }
        return top << LOW_BITS | lower;
    }
}
