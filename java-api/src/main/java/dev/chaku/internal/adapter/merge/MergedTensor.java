package dev.chaku.internal.adapter.merge;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgmlType;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufTensor;
import dev.chaku.internal.engine.lookup.Engines;
import dev.chaku.internal.quantize.Scratch;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.List;

/** The values that a tensor of the base has and those that it is to have, rows at a time. Thread-safe. */
final class MergedTensor {
    private final GgufFile file;
    private final GgufTensor tensor;
    private final TermGroups terms;
    private final List<RowChange> changes;

    /**
     * A tensor with what is added to it.
     *
     * @param changes what becomes of the sums
     * @throws BadInputException if the core cannot decode its format
     */
    MergedTensor(GgufFile file, GgufTensor tensor, List<LowRankTerm> terms, List<RowChange> changes) {
        this.file = file;
        this.tensor = tensor;
        this.terms = new TermGroups(terms, columns());
        this.changes = changes;
        if (Engines.codec().describe(tensor.type()).isEmpty()) {
            throw new BadInputException(file.path() + ": tensor " + tensor.name() + " has the format " + tensor.type()
                    + ", which this build cannot decode");
        }
    }

    GgufTensor tensor() {
        return tensor;
    }

    GgmlType type() {
        return tensor.type();
    }

    /** K. */
    int columns() {
        return Math.toIntExact(tensor.dim(0));
    }

    /** Of all matrices that it stacks together. */
    long rows() {
        return tensor.elements() / tensor.dim(0);
    }

    /** Whether it is to become the sum alone, rows not being changed further. */
    boolean isSum() {
        return changes.isEmpty();
    }

    /** Whether a row is to change. */
    boolean touches(long row) {
        return terms.touch(row) || changes.stream().anyMatch(change -> change.touches(row));
    }

    /** Reads rows as they are stored. */
    ByteBuffer readBlocks(long row, int count, Scratch scratch) {
        long rowBytes = type().rowBytes(columns());
        ByteBuffer blocks = scratch.bytes(Math.toIntExact(count * rowBytes));
        file.readTensor(tensor, row * rowBytes, blocks);
        return blocks.flip();
    }

    /** What is added, by rows. */
    TermGroups terms() {
        return terms;
    }

    /**
     * Adds the change of rows to them: exactly in float64, then rounded once.
     *
     * @param first row of the tensor
     * @param base the values of whole rows, a direct buffer
     * @param merged gets the sums, a direct buffer
     * @param buffers where terms are put
     */
    void merge(long first, FloatBuffer base, FloatBuffer merged, TermBuffers buffers) {
        int columns = columns();
        terms.visit(first, base.limit() / columns, (group, from, count) -> Engines.changeRows()
                .addLowRank(
                        base.slice(from * columns, count * columns),
                        columns,
                        buffers.coefficients(group, first + from, count),
                        buffers.directions(group),
                        merged.slice(from * columns, count * columns)));
        changes.forEach(change -> change.apply(first, columns, merged));
    }
}
