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
        return (values, weights, result, count) -> {
            for (int at = 0; at < count; at++) {
                double votes = 0;
                for (double[] of : values) {
                    votes += election == SignElection.TOTAL ? of[at] : Math.signum(of[at]);
                }
                double sum = 0;
                int number = 0;
                for (int i = 0; i < values.length; i++) {
                    double value = values[i][at];
                    if (votes >= 0 ? value > 0 : value < 0) {
                        sum += weights[i] * value;
                        number++;
                    }
                }
                result[at] = number > 1 ? sum / number : sum;
            }
        };
    }
}
