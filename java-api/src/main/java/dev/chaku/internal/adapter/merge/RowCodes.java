package dev.chaku.internal.adapter.merge;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.Arrays;

/**
 * Codes for several rows at once: a row's codes are found one after the other, so rows stand side by side in the lanes
 * of arrays [K, lanes], which the compiler makes vectors of. Not thread-safe.
 */
final class RowCodes {
    /** Rows at once. */
    static final int LANES = 32;

    /** Added and taken away, it rounds a float of less than 2^22 to the nearest whole number. */
    private static final float ROUNDING = 12_582_912f;

    private final CodeGrid grid;
    private final int columns;
    private final float least;
    private final float most;
    private final float[] values;
    private final float[] steps;
    private final float[] offsets;
    private final float[] codes;
    private final int[] rowCodes;
    private final float[] rowSteps;
    private final float[] rowOffsets;
    private final float[] row;
    private final float[] clipped = new float[LANES];
    private final float[] aim = new float[LANES];
    private float[] sums = {};
    private int count;

    RowCodes(CodeGrid grid, int columns) {
        this.grid = grid;
        this.columns = columns;
        this.least = grid.least();
        this.most = grid.most();
        this.values = new float[columns * LANES];
        this.steps = new float[columns * LANES];
        this.offsets = new float[columns * LANES];
        this.codes = new float[columns * LANES];
        this.rowCodes = new int[columns];
        this.rowSteps = new float[columns];
        this.rowOffsets = new float[columns];
        this.row = new float[columns];
    }

    int rowBytes() {
        return columns / grid.elements() * grid.bytes();
    }

    /** Takes the values of rows, at most {@link #LANES}. */
    void load(FloatBuffer merged, int rows) {
        count = rows;
        for (int lane = 0; lane < rows; lane++) {
            merged.get(lane * columns, row);
            for (int k = 0; k < columns; k++) {
                values[k * LANES + lane] = row[k];
            }
        }
    }

    private void readGrid(ByteBuffer blocks) {
        for (int lane = 0; lane < count; lane++) {
            int at = lane * rowBytes();
            for (int i = 0; i < columns; i += grid.elements()) {
                grid.read(blocks, at + i / grid.elements() * grid.bytes(), rowCodes, rowSteps, rowOffsets, i);
            }
            for (int k = 0; k < columns; k++) {
                steps[k * LANES + lane] = rowSteps[k];
                offsets[k * LANES + lane] = rowOffsets[k];
                codes[k * LANES + lane] = rowCodes[k];
            }
        }
    }

    /** Chooses codes in the scales of blocks. */
    void choose(ByteBuffer blocks, ErrorFeedback feedback) {
        readGrid(blocks);
        int rank = feedback.rank();
        reserve(rank);
        Arrays.fill(clipped, 0);
        for (int k = 0; k < columns; k++) {
            System.arraycopy(values, k * LANES, aim, 0, LANES);
            for (int r = 0; r < rank; r++) {
                addScaled(aim, 0, -feedback.u()[k * rank + r], sums, r * LANES);
            }
            round(k * LANES);
            for (int r = 0; r < rank; r++) {
                addScaled(sums, r * LANES, feedback.v()[k * rank + r], aim, 0);
            }
        }
    }

    private void reserve(int rank) {
        if (sums.length < rank * LANES) {
            sums = new float[rank * LANES];
        }
        Arrays.fill(sums, 0);
    }

    private static void addScaled(float[] to, int toFrom, float factor, float[] from, int fromFrom) {
        for (int lane = 0; lane < LANES; lane++) {
            to[toFrom + lane] += factor * from[fromFrom + lane];
        }
    }

    /** The codes nearest to the aims, which become the errors of the values. */
    private void round(int at) {
        for (int lane = 0; lane < LANES; lane++) {
            float step = steps[at + lane];
            float wanted = (aim[lane] - offsets[at + lane]) / (step == 0 ? 1 : step);
            float inside = Math.max(least, Math.min(most, wanted));
            float code = step == 0 ? codes[at + lane] : inside + ROUNDING - ROUNDING;
            clipped[lane] = Math.max(clipped[lane], step == 0 ? 0 : Math.abs(wanted - inside));
            codes[at + lane] = code;
            aim[lane] = step * code + offsets[at + lane] - values[at + lane];
        }
    }

    /** Whether a row has a code whose aim was half a step or more beyond the range. */
    boolean[] clipped() {
        boolean[] result = new boolean[count];
        for (int lane = 0; lane < count; lane++) {
            result[lane] = clipped[lane] > 0.5f;
        }
        return result;
    }

    boolean anyClipped() {
        for (int lane = 0; lane < count; lane++) {
            if (clipped[lane] > 0.5f) {
                return true;
            }
        }
        return false;
    }

    /** Writes the chosen codes with the scales of the blocks that they were chosen for. */
    void write(ByteBuffer blocks, ByteBuffer target) {
        for (int lane = 0; lane < count; lane++) {
            int at = lane * rowBytes();
            target.put(at, blocks, at, rowBytes());
            for (int k = 0; k < columns; k++) {
                rowCodes[k] = (int) codes[k * LANES + lane];
            }
            for (int i = 0; i < columns; i += grid.elements()) {
                grid.write(target, at + i / grid.elements() * grid.bytes(), rowCodes, i);
            }
        }
    }

    /** The measure of {@link ErrorFeedback} of each row of blocks. */
    double[] errors(ByteBuffer blocks, ErrorFeedback feedback) {
        readGrid(blocks);
        int rank = feedback.rank();
        reserve(rank);
        double[] errors = new double[count];
        for (int k = 0; k < columns; k++) {
            for (int lane = 0; lane < LANES; lane++) {
                int at = k * LANES + lane;
                aim[lane] = steps[at] * codes[at] + offsets[at] - values[at];
            }
            for (int lane = 0; lane < count; lane++) {
                errors[lane] += (double) aim[lane] * aim[lane];
            }
            for (int r = 0; r < rank; r++) {
                addScaled(sums, r * LANES, feedback.v()[k * rank + r], aim, 0);
            }
        }
        for (int r = 0; r < rank; r++) {
            for (int lane = 0; lane < count; lane++) {
                errors[lane] += (double) sums[r * LANES + lane] * sums[r * LANES + lane];
            }
        }
        return errors;
    }
}
