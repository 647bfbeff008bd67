package dev.chaku.internal.core;

import dev.chaku.gguf.GgmlType;
import dev.chaku.internal.core.binding.generated.chaku;
import dev.chaku.internal.core.binding.generated.chaku_change;
import dev.chaku.internal.core.binding.generated.chaku_change_sums;
import dev.chaku.internal.core.binding.generated.chaku_dtype_info;
import dev.chaku.internal.core.binding.generated.chaku_rounding;
import dev.chaku.internal.engine.ChangeRows;
import dev.chaku.internal.io.DirectBuffers;
import java.nio.ByteBuffer;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.jspecify.annotations.Nullable;

/** Changes of rows as the core makes them. Thread-safe. */
public final class NativeChangeRows implements ChangeRows {
    public static final ChangeRows INSTANCE = new NativeChangeRows();

    private NativeChangeRows() {}

    @Override
    public boolean hasLevels(GgmlType type) {
        NativeLibrary.load();
        try (chaku_dtype_info info = new chaku_dtype_info()) {
            info.size(info.sizeof());
            int status = chaku.chaku_dtype_describe(type.id(), info);
            if (status == chaku.CHAKU_UNSUPPORTED) {
                return false;
            }
            Status.check(status);
            return info.has_levels() != 0;
        }
    }

    @Override
    public void addLowRank(
            FloatBuffer source, int columns, DoubleBuffer coefficients, FloatBuffer directions, FloatBuffer target) {
        NativeLibrary.load();
        DirectBuffers.requireDirect(source);
        DirectBuffers.requireDirect(coefficients);
        DirectBuffers.requireDirect(directions);
        DirectBuffers.requireDirect(target);
        int rows = rows(source, columns);
        int rank = directions.remaining() / columns;
        if (target.remaining() < source.remaining() || coefficients.remaining() < rows * rank) {
            throw new IllegalArgumentException(
                    "expected " + rows + " rows of target and coefficients, got " + target + " and " + coefficients);
        }
        Status.check(chaku.chaku_add_low_rank(
                source.slice(), rows, columns, coefficients.slice(), directions.slice(), rank, target.slice()));
    }

    @Override
    public void roundAlong(Rounding rounding, ByteBuffer target) {
        NativeLibrary.load();
        DirectBuffers.requireDirect(target);
        int rows = rows(rounding.values(), rounding.columns());
        int numbers = rounding.columns() * rounding.rank();
        if (rounding.along().remaining() < numbers || rounding.aims().remaining() < numbers) {
            throw new IllegalArgumentException("expected " + numbers + " numbers of directions");
        }
        try (chaku_rounding struct = new chaku_rounding();
                BytePointer out = new BytePointer(target.slice())) {
            struct.size(struct.sizeof());
            struct.dtype(rounding.type().id())
                    .n_rows(rows)
                    .n_columns(rounding.columns())
                    .rank(rounding.rank())
                    .values(floats(rounding.values()))
                    .base(bytes(rounding.base()))
                    .importance(floats(rounding.importance()))
                    .along(floats(rounding.along()))
                    .aims(floats(rounding.aims()));
            Status.check(chaku.chaku_round_along(struct, out, target.remaining()));
        }
    }

    @Override
    public Compared compare(Change change) {
        NativeLibrary.load();
        int rows = rows(change.base(), change.columns());
        if (change.wanted().remaining() < change.base().remaining()
                || change.written().remaining() < rows * change.type().rowBytes(change.columns())) {
            throw new IllegalArgumentException("expected " + rows + " rows of what was wanted and written");
        }
        try (chaku_change struct = new chaku_change();
                chaku_change_sums plain = new chaku_change_sums();
                chaku_change_sums weighted = new chaku_change_sums()) {
            struct.size(struct.sizeof());
            struct.dtype(change.type().id())
                    .n_rows(rows)
                    .n_columns(change.columns())
                    .base(floats(change.base()))
                    .wanted(floats(change.wanted()))
                    .written(bytes(change.written()))
                    .weights(floats(change.weights()));
            plain.size(plain.sizeof());
            weighted.size(weighted.sizeof());
            Status.check(chaku.chaku_compare_change(struct, plain, weighted));
            return new Compared(sums(plain), sums(weighted));
        }
    }

    private static Sums sums(chaku_change_sums sums) {
        return new Sums(sums.wanted(), sums.common(), sums.lost());
    }

    private static int rows(FloatBuffer values, int columns) {
        if (columns < 1 || values.remaining() % columns != 0) {
            throw new IllegalArgumentException(
                    "expected whole rows of " + columns + " columns, got " + values.remaining() + " values");
        }
        return values.remaining() / columns;
    }

    private static @Nullable FloatPointer floats(@Nullable FloatBuffer buffer) {
        if (buffer == null) {
            return null;
        }
        DirectBuffers.requireDirect(buffer);
        return new FloatPointer(buffer.slice());
    }

    private static @Nullable BytePointer bytes(@Nullable ByteBuffer buffer) {
        if (buffer == null) {
            return null;
        }
        DirectBuffers.requireDirect(buffer);
        return new BytePointer(buffer.slice());
    }
}
