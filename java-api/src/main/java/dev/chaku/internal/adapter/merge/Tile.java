package dev.chaku.internal.adapter.merge;

import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;

/**
 * Some rows of a matrix, in blocks of {@value #WIDTH} columns, each row of a block an array of its own: so that the
 * loops over them become vector instructions, and a block stays in the cache. Not thread-safe.
 */
final class Tile {
    /** The rows that it has at most. */
    static final int ROWS = 64;

    /** The columns of a block; the last has what is left over. */
    static final int WIDTH = 256;

    private final int columns;
    private final double[][][] blocks;

    /** @param columns K of the matrix */
    Tile(int columns) {
        this(columns, new ArrayDeque<>());
    }

    /**
     * A tile that takes its blocks out of those that others gave back, as far as there are any.
     *
     * @param columns K of the matrix
     */
    Tile(int columns, Queue<double[][]> pool) {
        this.columns = columns;
        this.blocks = new double[(columns + WIDTH - 1) / WIDTH][][];
        for (int at = 0; at < blocks.length; at++) {
            double[][] used = pool.poll();
            blocks[at] = used == null ? new double[ROWS][WIDTH] : used;
        }
    }

    /** Gives the blocks to others; it is not used any more. */
    void giveBack(Queue<double[][]> pool) {
        pool.addAll(List.of(blocks));
    }

    int blocks() {
        return blocks.length;
    }

    /** The rows of a block: column c of the matrix is c - {@value #WIDTH} · at of them. */
    double[][] block(int at) {
        return blocks[at];
    }

    int width(int at) {
        return Math.min(WIDTH, columns - at * WIDTH);
    }

    /** Takes a whole row, K values. */
    void put(int row, double[] values, int from) {
        for (int at = 0; at < blocks.length; at++) {
            System.arraycopy(values, from + at * WIDTH, blocks[at][row], 0, width(at));
        }
    }
}
