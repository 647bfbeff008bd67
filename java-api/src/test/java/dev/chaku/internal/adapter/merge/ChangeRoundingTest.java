package dev.chaku.internal.adapter.merge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.gguf.GgmlType;
import dev.chaku.internal.engine.ChangeRows;
import dev.chaku.internal.engine.lookup.Engines;
import dev.chaku.internal.io.DirectBuffers;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class ChangeRoundingTest {
    private static final int K = 512;
    private static final int ROWS = 40;
    private static final int R = 8;

    /** A base on a format's grid, and the change that a term makes. */
    private static final class Case {
        private final GgmlType type;
        private final FloatBuffer base = DirectBuffers.floats(ROWS * K);
        private final FloatBuffer merged = DirectBuffers.floats(ROWS * K);
        private final ByteBuffer blocks;
        private final LowRankTerm term;
        private final TermGroups groups;

        Case(GgmlType type, double change) {
            this.type = type;
            Random random = new Random(type.ordinal());
            for (int i = 0; i < ROWS * K; i++) {
                base.put(i, (float) random.nextGaussian());
            }
            blocks = DirectBuffers.bytes((int) type.rowBytes(ROWS * K));
            Engines.codec().quantize(type, base, blocks);
            Engines.codec().dequantize(type, blocks, base);
            float[] c = new float[ROWS * R];
            float[] d = new float[R * K];
            for (int i = 0; i < c.length; i++) {
                c[i] = (float) (change / Math.sqrt(R) * random.nextGaussian());
            }
            for (int i = 0; i < d.length; i++) {
                d[i] = (float) random.nextGaussian();
            }
            term = new LowRankTerm(1, R, K, c, 0, d, 0, new LowRankTerm.Rows(0, ROWS, 0));
            for (int row = 0; row < ROWS; row++) {
                for (int k = 0; k < K; k++) {
                    double sum = base.get(row * K + k);
                    for (int r = 0; r < R; r++) {
                        sum += (double) c[row * R + r] * d[r * K + k];
                    }
                    merged.put(row * K + k, (float) sum);
                }
            }
            groups = new TermGroups(List.of(term), K);
        }

        ByteBuffer round(BlockRounding rounding, boolean withBlocks, int first, int count) {
            int rowBytes = (int) type.rowBytes(K);
            ByteBuffer target = DirectBuffers.bytes(count * rowBytes);
            rounding.round(new BlockRounding.Rows(
                    type,
                    first,
                    K,
                    withBlocks ? blocks.slice(first * rowBytes, count * rowBytes) : null,
                    merged.slice(first * K, count * K),
                    null,
                    target,
                    new TermBuffers()));
            return target;
        }

        MergeSums sums(ByteBuffer written) {
            ChangeRows.Change change = new ChangeRows.Change(type, K, base, merged, written, null);
            return MergeSums.of(Engines.changeRows().compare(change).plain());
        }

        /** The measure of a row, computed from its definition. */
        double measure(ByteBuffer written, int row) {
            FloatBuffer decoded = DirectBuffers.floats(ROWS * K);
            Engines.codec().dequantize(type, written, decoded);
            ErrorFeedback feedback = ErrorFeedback.of(List.of(term), K);
            double[] along = new double[R];
            double measure = 0;
            for (int k = 0; k < K; k++) {
                double error = decoded.get(row * K + k) - (double) merged.get(row * K + k);
                measure += error * error;
                for (int r = 0; r < R; r++) {
                    along[r] += feedback.v()[k * R + r] * error;
                }
            }
            for (double sum : along) {
                measure += sum * sum;
            }
            return measure;
        }
    }

    /** A change of a thirtieth to a fifth of the steps: the quantizer keeps a part of it, feedback nearly all. */
    @ParameterizedTest
    @CsvSource({
        "Q4_0, 0.03",
        "Q4_1, 0.03",
        "Q5_0, 0.015",
        "Q5_1, 0.015",
        "Q8_0, 0.002",
        "Q4_K, 0.03",
        "Q5_K, 0.015",
        "Q6_K, 0.005"
    })
    void aSmallChangeIsKept(GgmlType type, double change) {
        Case one = new Case(type, change);
        BlockRounding rounding = ChangeRounding.of(type, one.groups);
        double plain = one.sums(one.round(BlockRounding.PLAIN, true, 0, ROWS)).kept();
        double kept = one.sums(one.round(rounding, true, 0, ROWS)).kept();
        assertEquals(1, kept, 0.05, type + ": the quantizer keeps " + plain);
        assertTrue(Math.abs(1 - kept) < Math.abs(1 - plain) / 4, type + ": " + kept + " for " + plain);
        double requantized = one.sums(one.round(rounding, false, 0, ROWS)).kept();
        assertEquals(1, requantized, 0.05, type + " in the quantizer's scales");
    }

    /** A change that the base's scales do not reach: no row is worse than the quantizer's by the measure. */
    @ParameterizedTest
    @EnumSource(names = {"Q4_0", "Q4_K", "Q6_K", "Q8_0", "IQ4_NL", "Q3_K"})
    void neverWorseThanTheQuantizerWhereTheRangeEnds(GgmlType type) {
        Case one = new Case(type, 2);
        ByteBuffer plain = one.round(BlockRounding.PLAIN, true, 0, ROWS);
        ByteBuffer rounded = one.round(ChangeRounding.of(type, one.groups), true, 0, ROWS);
        for (int row = 0; row < ROWS; row++) {
            double is = one.measure(rounded, row);
            double of = one.measure(plain, row);
            assertTrue(is <= of * (1 + 1e-5), type + " row " + row + ": " + is + " for " + of);
        }
    }

    @Test
    void aRowDoesNotDependOnItsNeighbours() {
        Case one = new Case(GgmlType.Q4_K, 0.1);
        BlockRounding rounding = ChangeRounding.of(GgmlType.Q4_K, one.groups);
        ByteBuffer all = one.round(rounding, true, 0, ROWS);
        int rowBytes = (int) GgmlType.Q4_K.rowBytes(K);
        for (int row = 0; row < ROWS; row++) {
            assertEquals(all.slice(row * rowBytes, rowBytes), one.round(rounding, true, row, 1), "row " + row);
        }
    }

    /** Rows that several products share, and rows of one alone, are rounded along what is added to them. */
    @Test
    void rowsAreRoundedAlongTheirOwnTerms() {
        Case one = new Case(GgmlType.Q4_0, 0.03);
        LowRankTerm upper = new LowRankTerm(1, R, K, one.term.c(), 0, one.term.d(), 0, new LowRankTerm.Rows(0, 24, 0));
        LowRankTerm lower =
                new LowRankTerm(1, R, K, one.term.c(), 24 * R, one.term.d(), 0, new LowRankTerm.Rows(24, ROWS - 24, 0));
        TermGroups groups = new TermGroups(List.of(upper, lower), K);
        List<String> runs = new ArrayList<>();
        groups.visit(20, 10, (group, from, count) -> runs.add(group.rank() + ":" + from + ":" + count));
        assertEquals(List.of(R + ":0:4", R + ":4:6"), runs);
        assertEquals(
                one.round(ChangeRounding.of(one.type, one.groups), true, 0, ROWS),
                one.round(ChangeRounding.of(one.type, groups), true, 0, ROWS));
    }

    @Test
    void formatsWithoutLevelsAreTheQuantizers() {
        assertSame(BlockRounding.PLAIN, ChangeRounding.of(GgmlType.F16, new TermGroups(List.of(), K)));
    }
}
