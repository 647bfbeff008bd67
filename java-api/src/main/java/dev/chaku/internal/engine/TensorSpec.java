package dev.chaku.internal.engine;

import dev.chaku.gguf.GgmlType;

/**
 * A tensor that a decoder uses.
 *
 * @param place where it is used
 * @param kind as the module's weight or its bias
 * @param type its format
 * @param rows N, 1 for vectors
 * @param columns K, the contiguous dimension
 * @param name of the tensor in GGUF files, for instance {@code blk.3.attn_q.weight}
 * @param first where several modules share that tensor, the first of its rows that is this one's, or for vectors the
 *     first of its elements; else 0
 * @param turns 0; or where two modules have rows of that tensor in turns, how many each has at a time
 */
public record TensorSpec(
        DecoderModule.Place place,
        Kind kind,
        GgmlType type,
        long rows,
        long columns,
        String name,
        long first,
        long turns) {
    /** What a tensor is to its module. */
    public enum Kind {
        WEIGHT,
        BIAS
    }

    /** A tensor whose rows lie together. */
    public TensorSpec(
            DecoderModule.Place place, Kind kind, GgmlType type, long rows, long columns, String name, long first) {
        this(place, kind, type, rows, columns, name, first, 0);
    }

    /** A tensor with the usual name of its place. */
    public TensorSpec(DecoderModule.Place place, Kind kind, GgmlType type, long rows, long columns) {
        this(place, kind, type, rows, columns, nameOf(place, kind), 0);
    }

    /** The usual name of a place's tensor. */
    public static String nameOf(DecoderModule.Place place, Kind kind) {
        return place.name() + (kind == Kind.WEIGHT ? ".weight" : ".bias");
    }

    public long elements() {
        return Math.multiplyExact(rows, columns);
    }

    /** The row of the file's tensor that is this one's row. */
    public long rowInFile(long row) {
        return first + (turns == 0 ? row : row / turns * 2 * turns + row % turns);
    }

    /** Where it begins within the tensor of the file, in bytes. */
    public long firstByte() {
        if (first == 0) {
            return 0;
        }
        return rows == 1 ? type.rowBytes(first) : Math.multiplyExact(type.rowBytes(columns), first);
    }

    /** Size in its format. */
    public long bytes() {
        return type.tensorBytes(columns, rows);
    }
}
