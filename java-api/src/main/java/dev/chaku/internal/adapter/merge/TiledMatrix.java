package dev.chaku.internal.adapter.merge;

/** A matrix that is computed when it is asked for, some rows at a time. */
interface TiledMatrix {
    int rows();

    int columns();

    /**
     * Gives rows.
     *
     * @param from the first, a multiple of {@link Tile#ROWS}
     * @param count how many, at most {@link Tile#ROWS}
     * @param scratch of these columns, for what is computed
     * @return the rows, not to be altered: the scratch, or a tile that is kept
     */
    Tile rows(int from, int count, Tile scratch);
}
