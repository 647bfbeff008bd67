package dev.chaku.internal.adapter.merge;

import dev.chaku.internal.adapter.merge.Vectors.Grid;
import java.util.Arrays;

/** The product scale · B A of one adapter, rows at a time. Not thread-safe. */
final class ProductRows implements TiledMatrix, Values {
    /**
     * Columns of A that stay in the cache for all rows of a tile, where they lie together: rows as they come, at
     * distances of a power of two, would take each other's place there.
     */
    private static final int STRETCH = 256;

    private final int rank;
    private final int rows;
    private final int columns;
    /** Stretches of columns one after the other, each [R, STRETCH]. */
    private final double[] a;

    private final double[] b;
    private final int tileRows;

    ProductRows(Term term, int rows, int columns, int tileRows) {
        this.rank = term.rank();
        this.rows = rows;
        this.columns = columns;
        this.tileRows = tileRows;
        this.a = stretches(term, columns);
        this.b = new double[rows * rank];
        for (int i = 0; i < b.length; i++) {
            b[i] = term.b()[term.bFrom() + i];
        }
    }

    private static double[] stretches(Term term, int columns) {
        double[] a = new double[(columns + STRETCH - 1) / STRETCH * term.rank() * STRETCH];
        for (int r = 0; r < term.rank(); r++) {
            for (int k = 0; k < columns; k++) {
                double value = term.scale() * term.a()[term.aFrom() + r * columns + k];
                a[(k / STRETCH * term.rank() + r) * STRETCH + k % STRETCH] = value;
            }
        }
        return a;
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
    public void rows(int from, int count, double[] target) {
        Arrays.fill(target, 0, count * columns, 0);
        for (int at = 0; at < columns; at += STRETCH) {
            int n = Math.min(STRETCH, columns - at);
            Vectors.addProduct(
                    Grid.ofRows(b, from * rank, rank),
                    Grid.ofRows(a, at * rank, STRETCH),
                    Grid.ofRows(target, at, columns),
                    count,
                    rank,
                    n);
        }
    }

    @Override
    public long count() {
        return (long) rows * columns;
    }

    @Override
    public void forEach(Visitor visitor) {
        double[] tile = new double[tileRows * columns];
        for (int row = 0; row < rows; row += tileRows) {
            int n = Math.min(tileRows, rows - row);
            rows(row, n, tile);
            visitor.visit(tile, 0, n * columns);
        }
    }
}
