package dev.chaku.internal.adapter.merge;

import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufTensor;
import dev.chaku.internal.engine.lookup.Engines;
import dev.chaku.internal.quantize.Scratch;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What rounding lost of one matrix of a merged tensor: wanted less written, E of shape [N, K], computed from both files
 * when it is asked for. As a {@link TiledMatrix} its columns are weighed by the roots of their importance. Matrices of
 * up to 16 million values are kept.
 */
final class LostChange implements TiledMatrix {
    private static final long MOST_KEPT = 1 << 24;

    private final MergedTensor wanted;
    private final GgufFile merged;
    private final GgufTensor written;
    private final long first;
    private final int rows;
    private final float @Nullable [] roots;
    private final float @Nullable [] kept;
    private final Scratch blocks = new Scratch();
    private final Scratch base = new Scratch();
    private final Scratch sums = new Scratch();
    private final Scratch is = new Scratch();
    private final TermBuffers terms = new TermBuffers();

    /**
     * A matrix.
     *
     * @param first row of the tensor
     * @param rows N
     * @param importance of the columns, if it is known
     */
    LostChange(
            MergedTensor wanted,
            GgufFile merged,
            GgufTensor written,
            long first,
            int rows,
            Optional<FloatBuffer> importance) {
        this.wanted = wanted;
        this.merged = merged;
        this.written = written;
        this.first = first;
        this.rows = rows;
        this.roots = importance.isPresent() ? roots(importance.get()) : null;
        this.kept = (long) rows * wanted.columns() <= MOST_KEPT ? new float[rows * wanted.columns()] : null;
        if (kept != null) {
            double[] row = new double[TILE * columns()];
            for (int from = 0; from < rows; from += TILE) {
                int count = Math.min(TILE, rows - from);
                compute(from, count, row);
                for (int i = 0; i < count * columns(); i++) {
                    kept[from * columns() + i] = (float) row[i];
                }
            }
        }
    }

    private static final int TILE = Tile.ROWS;

    private static float[] roots(FloatBuffer importance) {
        float[] roots = new float[importance.limit()];
        for (int i = 0; i < roots.length; i++) {
            roots[i] = (float) Math.sqrt(importance.get(i));
        }
        return roots;
    }

    @Override
    public int rows() {
        return rows;
    }

    @Override
    public int columns() {
        return wanted.columns();
    }

    @Override
    public Tile rows(int from, int count, Tile scratch) {
        double[] computed = new double[kept == null ? count * columns() : columns()];
        if (kept == null) {
            compute(from, count, computed);
        }
        for (int row = 0; row < count; row++) {
            if (kept != null) {
                for (int i = 0; i < columns(); i++) {
                    computed[i] = kept[(from + row) * columns() + i];
                }
            }
            scratch.put(row, computed, kept == null ? row * columns() : 0);
        }
        return scratch;
    }

    private void compute(int from, int count, double[] target) {
        lost(from, count, target);
        for (int row = 0; row < count; row++) {
            weigh(target, row * columns());
        }
    }

    private void weigh(double[] row, int at) {
        if (roots != null) {
            for (int i = 0; i < columns(); i++) {
                row[at + i] *= roots[i];
            }
        }
    }

    /** E itself, row after row. */
    void lost(int from, int count, double[] target) {
        int columns = columns();
        ByteBuffer stored = wanted.readBlocks(first + from, count, blocks);
        FloatBuffer before = base.floats(count * columns);
        Engines.codec().dequantize(wanted.type(), stored, before);
        FloatBuffer after = sums.floats(count * columns);
        wanted.merge(first + from, before, after, terms);
        long rowBytes = written.type().rowBytes(columns);
        ByteBuffer found = blocks.bytes(Math.toIntExact(count * rowBytes));
        merged.readTensor(written, (first + from) * rowBytes, found);
        FloatBuffer decoded = is.floats(count * columns);
        Engines.codec().dequantize(written.type(), found.flip(), decoded);
        for (int i = 0; i < count * columns; i++) {
            target[i] = after.get(i) - (double) decoded.get(i);
        }
    }
}
