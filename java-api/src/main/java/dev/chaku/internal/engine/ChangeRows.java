package dev.chaku.internal.engine;

import dev.chaku.gguf.GgmlType;
import java.nio.ByteBuffer;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import org.jspecify.annotations.Nullable;

/**
 * What merging adapters into a weight does to its rows. Buffers are direct, and what remains of them is used; positions
 * stay. Results are the same bits on every processor; a call runs on the calling thread alone. Thread-safe.
 */
public interface ChangeRows {
    /** Whether {@link #roundAlong} takes a format: its codes are levels that a block's scales multiply. */
    boolean hasLevels(GgmlType type);

    /**
     * Adds low-rank products to rows, in float64 and in order, rounded once.
     *
     * @param source [N, K]
     * @param columns K
     * @param coefficients [N, R]
     * @param directions [R, K]
     * @param target [N, K], overwritten; may be the source
     */
    void addLowRank(
            FloatBuffer source, int columns, DoubleBuffer coefficients, FloatBuffer directions, FloatBuffer target);

    /**
     * Rows to be encoded, with the error e of each small by the measure {@code sum over k of e[k]² + sum over r of (sum
     * over k of along[k,r] e[k])²}. Each column is aimed {@code aims[k,:] s} beside its value, s[r] being the sum of
     * {@code along[j,r] e[j]} over earlier columns j.
     *
     * @param type a format that has levels
     * @param columns K
     * @param rank R
     * @param values [N, K]
     * @param base blocks of that format whose scales are kept where they reach; null for the quantizer's
     * @param importance [K] for the quantizer; null for equal weights
     * @param along [K, R]
     * @param aims [K, R]
     */
    record Rounding(
            GgmlType type,
            int columns,
            int rank,
            FloatBuffer values,
            @Nullable ByteBuffer base,
            @Nullable FloatBuffer importance,
            FloatBuffer along,
            FloatBuffer aims) {}

    /**
     * Encodes rows. A row in which an aim lies half a step or more beyond the levels, and every row without a base, is
     * tried with new scales too, and the better by the measure is taken. Those are of a quick search; with fewer than 4
     * directions of the quantizer, whose blocks are tried as they are as well.
     *
     * @param target gets the blocks; not the base
     */
    void roundAlong(Rounding rounding, ByteBuffer target);

    /**
     * Rows that changed.
     *
     * @param type of what was written
     * @param columns K
     * @param base [N, K]
     * @param wanted [N, K]
     * @param written blocks of the format
     * @param weights [K]: what each column counts; null for one each
     */
    record Change(
            GgmlType type,
            int columns,
            FloatBuffer base,
            FloatBuffer wanted,
            ByteBuffer written,
            @Nullable FloatBuffer weights) {}

    /**
     * Sums over all values, with D the change that was wanted and W the one that was written.
     *
     * @param wanted of D²
     * @param common of D W
     * @param lost of (W - D)²
     */
    record Sums(double wanted, double common, double lost) {}

    /**
     * Both kinds of sums.
     *
     * @param plain each column counting one
     * @param weighted by the weights; the same without any
     */
    record Compared(Sums plain, Sums weighted) {}

    /** Compares the change that was written with the one that was wanted. */
    Compared compare(Change change);
}
