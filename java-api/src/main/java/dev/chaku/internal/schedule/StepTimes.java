package dev.chaku.internal.schedule;

/**
 * How long steps of generated tokens take by their number of rows, as it lately was. What was not measured for a while
 * counts as unknown, so that it is measured again. Not thread-safe.
 */
final class StepTimes {
    /** Steps of more rows are not told apart. */
    private static final int MOST_ROWS = 128;

    private static final int STEPS_TO_FORGET = 256;
    private static final double NEW = 0.3;
    /** One measure counts no more than so many times the one before: the machine may have been away. */
    private static final double MOST_RATIO = 3;
    /** What another row is assumed to cost where that is not known, as a part of the step. */
    private static final double COST_OF_ROW = 0.03;
    /** Rows of a plain step are known by those of one that had at least so many of them. */
    private static final double NEAR = 0.75;

    private final double[] nanos = new double[MOST_ROWS + 1];
    private final long[] seen = new long[MOST_ROWS + 1];
    private long steps;

    void learn(int rows, long took) {
        steps++;
        int row = Math.min(rows, MOST_ROWS);
        double had = nanos[row];
        boolean isFresh = isFresh(row);
        nanos[row] = isFresh ? had + NEW * (Math.min(took, MOST_RATIO * had) - had) : took;
        seen[row] = steps;
    }

    private boolean isFresh(int row) {
        return nanos[row] > 0 && steps - seen[row] < STEPS_TO_FORGET;
    }

    /** Whether steps of so many rows, or a few less, were measured of late. */
    boolean isKnown(int rows) {
        int below = below(rows);
        return below > 0 && below >= NEAR * Math.min(rows, MOST_ROWS);
    }

    private int below(int rows) {
        int row = Math.min(rows, MOST_ROWS);
        while (row > 0 && !isFresh(row)) {
            row--;
        }
        return row;
    }

    /** Of a step of so many rows; those of fewer must be known. Between two that are known it is in between. */
    double of(int rows) {
        int row = Math.min(rows, MOST_ROWS);
        int low = below(row);
        int high = row;
        while (high <= MOST_ROWS && !isFresh(high)) {
            high++;
        }
        if (high > MOST_ROWS) {
            return nanos[low] * (1 + COST_OF_ROW * (row - low));
        }
        return high == low ? nanos[row] : nanos[low] + (nanos[high] - nanos[low]) * (row - low) / (high - low);
    }
}
