package dev.chaku.internal.adapter.merge;

/** A matrix that is computed when it is asked for, some rows at a time. */
interface TiledMatrix {
    int rows();

    int columns();

    /**
     * Computes rows.
     *
     * @param from the first
     * @param count how many
     * @param target gets them, row after row
     */
    void rows(int from, int count, double[] target);
}
