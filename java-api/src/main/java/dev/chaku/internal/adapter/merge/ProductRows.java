package dev.chaku.internal.adapter.merge;

import java.util.Arrays;

/** The product scale · B A of one adapter, rows at a time. Not thread-safe. */
final class ProductRows implements TiledMatrix, Values {
    /** As many rows of A of this length stay in the cache for all rows of a tile. */
    private static final int STRETCH = 512;

    private final int rank;
    private final int rows;
    private final int columns;
    private final double[] a;
    private final double[] b;
    private final int tileRows;

    ProductRows(Term term, int rows, int columns, int tileRows) {
        this.rank = term.rank();
        this.rows = rows;
        this.columns = columns;
        this.tileRows = tileRows;
        this.a = new double[rank * columns];
        this.b = new double[rows * rank];
        term.a(term.scale(), columns, a, 0);
        for (int i = 0; i < b.length; i++) {
            b[i] = term.b()[term.bFrom() + i];
        }
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
            for (int row = 0; row < count; row++) {
                Vectors.addAll(rank, b, (from + row) * rank, 1, a, at, columns, target, row * columns + at, n);
            }
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
