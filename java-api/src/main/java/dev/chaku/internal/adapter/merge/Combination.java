package dev.chaku.internal.adapter.merge;

import dev.chaku.merge.SignElection;
import java.util.Arrays;

/** Makes one value of those of all adapters at the same place. Thread-safe. */
interface Combination {
    /**
     * Combines stretches of values, place by place.
     *
     * @param values one array for each adapter; at least one
     * @param weights of the adapters
     * @param result gets them, from 0 on
     */
    void combine(double[][] values, double[] weights, double[] result, int count);

    /** The weighted sum. */
    static Combination weightedSum() {
        return (values, weights, result, count) -> {
            Arrays.fill(result, 0, count, 0);
            for (int i = 0; i < values.length; i++) {
                Vectors.add(weights[i], values[i], 0, result, 0, count);
            }
        };
    }

    /** The weighted sum of the values that have the elected sign, by their number. Zeros have none. */
    static Combination elected(SignElection election) {
        boolean isByTotal = election == SignElection.TOTAL;
        return (values, weights, result, count) -> {
            for (int at = 0; at < count; at++) {
                double votes = 0;
                for (double[] of : values) {
                    votes += isByTotal ? of[at] : Bits.isNotZero(of[at]) & (2 * Bits.isNegative(of[at]) + 1);
                }
                long isNegative = Bits.isNegative(votes);
                double sum = 0;
                long number = 0;
                for (int i = 0; i < values.length; i++) {
                    double value = values[i][at];
                    long counts = Bits.isNotZero(value) & ~(Bits.isNegative(value) ^ isNegative);
                    sum += weights[i] * Bits.choose(counts, value);
                    number -= counts;
                }
                result[at] = sum / Math.max(1, number);
            }
        };
    }
}
