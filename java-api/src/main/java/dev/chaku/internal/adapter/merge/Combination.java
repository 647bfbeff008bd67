package dev.chaku.internal.adapter.merge;

import dev.chaku.merge.SignElection;
import java.util.Arrays;

/** Makes one value of those of all adapters at the same place. Thread-safe. */
interface Combination {
    /** Combines stretches of values. Not thread-safe. */
    interface Combiner {
        /**
         * Combines place by place.
         *
         * @param values one array for each adapter; at least one
         * @param weights of the adapters
         * @param result gets them, from 0 on
         */
        void combine(double[][] values, double[] weights, double[] result, int count);
    }

    /**
     * A combiner for one thread.
     *
     * @param most values at a time
     */
    Combiner combiner(int most);

    /** The weighted sum. */
    static Combination weightedSum() {
        return most -> (values, weights, result, count) -> {
            Arrays.fill(result, 0, count, 0);
            for (int i = 0; i < values.length; i++) {
                Vectors.addRow(weights[i], values[i], result, count);
            }
        };
    }

    /** The weighted sum of the values that have the elected sign, by their number. Zeros have none. */
    static Combination elected(SignElection election) {
        return most -> new Elected(election == SignElection.TOTAL, most);
    }

    /** Every step is a loop of its own over all places, without a branch, which the compiler makes vectors of. */
    final class Elected implements Combiner {
        private final boolean isByTotal;

        /** 1 or -1: first the votes, then what they elect. */
        private final double[] sign;

        private final double[] number;

        private Elected(boolean isByTotal, int most) {
            this.isByTotal = isByTotal;
            this.sign = new double[most];
            this.number = new double[most];
        }

        @Override
        public void combine(double[][] values, double[] weights, double[] result, int count) {
            Arrays.fill(sign, 0, count, 0);
            Arrays.fill(number, 0, count, 0);
            Arrays.fill(result, 0, count, 0);
            for (double[] of : values) {
                vote(of, count);
            }
            elect(count);
            for (int i = 0; i < values.length; i++) {
                add(weights[i], values[i], result, count);
            }
            for (int at = 0; at < count; at++) {
                result[at] = sign[at] * result[at] / Math.max(1, number[at]);
            }
        }

        private void vote(double[] of, int count) {
            if (isByTotal) {
                Vectors.addRow(1, of, sign, count);
                return;
            }
            for (int at = 0; at < count; at++) {
                sign[at] += Choice.isPositive(of[at]) - Choice.isPositive(-of[at]);
            }
        }

        private void elect(int count) {
            for (int at = 0; at < count; at++) {
                sign[at] = 1 - 2 * Choice.isPositive(-sign[at]);
            }
        }

        /** Adds magnitudes; what has the other sign counts as zero. */
        private void add(double weight, double[] of, double[] result, int count) {
            for (int at = 0; at < count; at++) {
                double magnitude = Math.max(0, of[at] * sign[at]);
                result[at] += weight * magnitude;
                number[at] += Choice.isPositive(magnitude);
            }
        }
    }
}
