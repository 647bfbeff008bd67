package dev.chaku.internal.adapter.merge;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgmlType;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufTensor;
import dev.chaku.internal.engine.lookup.Engines;
import dev.chaku.internal.quantize.Scratch;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/** The values that a tensor of the base has and those that it is to have, rows at a time. Thread-safe. */
final class MergedTensor {
    private final GgufFile file;
    private final GgufTensor tensor;
    private final List<Prepared> terms;
    private final List<RowChange> changes;

    /** A term whose directions, which several terms may share, are doubles. */
    private record Prepared(LowRankTerm term, double[] directions) {}

    /**
     * A tensor with what is added to it.
     *
     * @param changes what becomes of the sums
     * @throws BadInputException if the core cannot decode its format
     */
    MergedTensor(GgufFile file, GgufTensor tensor, List<LowRankTerm> terms, List<RowChange> changes) {
        this.file = file;
        this.tensor = tensor;
        this.terms = prepare(terms);
        this.changes = changes;
        if (Engines.codec().describe(tensor.type()).isEmpty()) {
            throw new BadInputException(file.path() + ": tensor " + tensor.name() + " has the format " + tensor.type()
                    + ", which this build cannot decode");
        }
    }

    private static List<Prepared> prepare(List<LowRankTerm> terms) {
        Map<float[], Map<Integer, double[]>> known = new IdentityHashMap<>();
        List<Prepared> prepared = new ArrayList<>();
        for (LowRankTerm term : terms) {
            double[] directions = known.computeIfAbsent(term.d(), unused -> new java.util.HashMap<>())
                    .computeIfAbsent(term.firstD(), unused -> term.directions());
            prepared.add(new Prepared(term, directions));
        }
        return prepared;
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
        return terms.stream().anyMatch(prepared -> prepared.term().touches(row))
                || changes.stream().anyMatch(change -> change.touches(row));
    }

    /** Reads rows as they are stored. */
    ByteBuffer readBlocks(long row, int count, Scratch scratch) {
        long rowBytes = type().rowBytes(columns());
        ByteBuffer blocks = scratch.bytes(Math.toIntExact(count * rowBytes));
        file.readTensor(tensor, row * rowBytes, blocks);
        return blocks.flip();
    }

    /**
     * Adds the change of rows to them: exactly in float64, then rounded once.
     *
     * @param first row of the tensor
     * @param base the values of whole rows
     * @param merged gets the sums
     */
    void merge(long first, FloatBuffer base, FloatBuffer merged) {
        int columns = columns();
        float[] values = new float[columns];
        double[] sum = new double[columns];
        for (int row = 0; row < base.limit() / columns; row++) {
            base.get(row * columns, values);
            for (int i = 0; i < columns; i++) {
                sum[i] = values[i];
            }
            for (Prepared prepared : terms) {
                prepared.term().addTo(first + row, prepared.directions(), sum);
            }
            for (int i = 0; i < columns; i++) {
                values[i] = (float) sum[i];
            }
            merged.put(row * columns, values);
        }
        changes.forEach(change -> change.apply(first, columns, merged));
    }
}
