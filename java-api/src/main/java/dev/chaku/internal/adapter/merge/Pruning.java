package dev.chaku.internal.adapter.merge;

/** Which values of an adapter's matrix are dropped. Thread-safe. */
interface Pruning {
    /** For one matrix. */
    interface Pruner {
        /**
         * Sets to zero what is dropped.
         *
         * @param first the number of the first of these values in the matrix, row after row
         */
        void prune(double[] values, int from, int count, long first);
    }

    /**
     * Looks at a matrix.
     *
     * @param key tells this matrix from all others of the merge
     */
    Pruner of(Values values, String key);

    /** Everything stays. */
    static Pruning none() {
        return (values, key) -> (all, from, count, first) -> {};
    }
}
