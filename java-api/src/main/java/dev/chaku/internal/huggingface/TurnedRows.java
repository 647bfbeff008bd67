package dev.chaku.internal.huggingface;

import dev.chaku.errors.BadInputException;
import dev.chaku.internal.io.DirectBuffers;
import dev.chaku.internal.quantize.RowSource;
import dev.chaku.internal.quantize.Scratch;
import java.nio.FloatBuffer;
import java.util.function.LongUnaryOperator;

/**
 * Columns of matrices as rows. A matrix is read whole and kept until rows of another are wanted: reading a column
 * number by number would take as many reads as it has numbers.
 */
public final class TurnedRows implements RowSource {
    private static final long MOST_ELEMENTS = 1L << 28;
    private static final int ELEMENTS_AT_ONCE = 1 << 20;

    /** The one matrix that all tensors of a folder keep; who reads it holds its lock. */
    public static final class Kept {
        private FloatBuffer matrix = DirectBuffers.floats(0);
        private String name = "";
        private long index = -1;
    }

    private final SafetensorsFolder folder;
    private final String name;
    private final long sourceColumns;
    private final long columns;
    private final long stored;
    private final LongUnaryOperator matrixOf;
    private final LongUnaryOperator columnOf;
    private final Kept kept;

    /**
     * Rows of a tensor [matrices, columns, sourceColumns], whose first dimension may be missing.
     *
     * @param matrixOf the matrix that a row belongs to
     * @param columnOf the column of it that the row is
     */
    public TurnedRows(
            SafetensorsFolder folder,
            String name,
            long sourceColumns,
            long columns,
            LongUnaryOperator matrixOf,
            LongUnaryOperator columnOf,
            Kept kept) {
        this(folder, name, sourceColumns, columns, columns, matrixOf, columnOf, kept);
    }

    /** The same of a tensor [matrices, stored, sourceColumns], of which only the first columns are read. */
    public TurnedRows(
            SafetensorsFolder folder,
            String name,
            long sourceColumns,
            long columns,
            long stored,
            LongUnaryOperator matrixOf,
            LongUnaryOperator columnOf,
            Kept kept) {
        if (stored * sourceColumns > MOST_ELEMENTS) {
            throw new BadInputException(folder.fileOf(name) + ": tensor '" + name + "' expects matrices of at most "
                    + MOST_ELEMENTS + " elements, found " + stored + " x " + sourceColumns);
        }
        this.folder = folder;
        this.name = name;
        this.sourceColumns = sourceColumns;
        this.columns = columns;
        this.stored = stored;
        this.matrixOf = matrixOf;
        this.columnOf = columnOf;
        this.kept = kept;
    }

    @Override
    public void read(long row, FloatBuffer target, Scratch scratch) {
        int rows = (int) (target.remaining() / columns);
        synchronized (kept) {
            for (int i = 0; i < rows; i++) {
                keep(matrixOf.applyAsLong(row + i), scratch);
                int column = (int) columnOf.applyAsLong(row + i);
                for (int c = 0; c < columns; c++) {
                    target.put((int) (i * columns + c), kept.matrix.get((int) (c * sourceColumns) + column));
                }
            }
        }
    }

    private void keep(long index, Scratch scratch) {
        if (kept.index == index && kept.name.equals(name)) {
            return;
        }
        int elements = Math.toIntExact(stored * sourceColumns);
        kept.index = -1;
        if (kept.matrix.capacity() < elements) {
            kept.matrix = DirectBuffers.floats(elements);
        }
        for (int at = 0; at < elements; at += ELEMENTS_AT_ONCE) {
            FloatBuffer part = kept.matrix.slice(at, Math.min(ELEMENTS_AT_ONCE, elements - at));
            folder.read(name, index * elements + at, part, scratch);
        }
        kept.name = name;
        kept.index = index;
    }
}
