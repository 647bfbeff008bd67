package dev.chaku.internal.adapter.merge;

import java.util.Arrays;

/** The product scale · B A of one adapter, rows at a time. Not thread-safe. */
final class ProductRows implements TiledMatrix, Values {
    /** Of that many tiles one tells what values there are. */
    private static final int SAMPLED = 32;

    private final int rank;
    private final int rows;
    private final int columns;

    /** scale · A, as the blocks of a tile have it: [blocks][R][width]. */
    private final double[][][] a;

    private final double[] b;

    ProductRows(Term term, int rows, int columns) {
        this.rank = term.rank();
        this.rows = rows;
        this.columns = columns;
        this.a = new double[(columns + Tile.WIDTH - 1) / Tile.WIDTH][rank][];
        for (int at = 0; at < a.length; at++) {
            for (int r = 0; r < rank; r++) {
                a[at][r] = scaled(term, r, at * Tile.WIDTH);
            }
        }
        this.b = new double[rows * rank];
        for (int i = 0; i < b.length; i++) {
            b[i] = term.b()[term.bFrom() + i];
        }
    }

    private double[] scaled(Term term, int row, int from) {
        double[] values = new double[Math.min(Tile.WIDTH, columns - from)];
        for (int k = 0; k < values.length; k++) {
            values[k] = term.scale() * term.a()[term.aFrom() + row * columns + from + k];
        }
        return values;
    }

    @Override
    public int rows() {
        return rows;
    }

    @Override
    public int columns() {
        return columns;
    }

    @Override
    public Tile rows(int from, int count, Tile scratch) {
        for (int at = 0; at < a.length; at++) {
            block(from, count, at, scratch.block(at));
        }
        return scratch;
    }

    /**
     * Computes one block of a tile.
     *
     * @param at which of the blocks
     * @param target its rows
     */
    void block(int from, int count, int at, double[][] target) {
        int width = a[at][0].length;
        for (int row = 0; row < count; row++) {
            Arrays.fill(target[row], 0, width, 0);
            Vectors.addRows(b, (from + row) * rank, a[at], 0, rank, target[row], width);
        }
    }

    @Override
    public long count() {
        return (long) rows * columns;
    }

    @Override
    public void forEach(Visitor visitor) {
        visit(1, visitor);
    }

    @Override
    public void forSome(Visitor visitor) {
        visit(SAMPLED, visitor);
    }

    /** Visits the values of one tile of so many. */
    private void visit(int each, Visitor visitor) {
        double[][] block = new double[Tile.ROWS][Tile.WIDTH];
        for (int from = 0; from < rows; from += each * Tile.ROWS) {
            int count = Math.min(Tile.ROWS, rows - from);
            for (int at = 0; at < a.length; at++) {
                block(from, count, at, block);
                for (int row = 0; row < count; row++) {
                    visitor.visit(block[row], 0, a[at][0].length);
                }
            }
        }
    }
}
