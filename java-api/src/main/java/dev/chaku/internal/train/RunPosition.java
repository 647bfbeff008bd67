package dev.chaku.internal.train;

/**
 * How far a run has come.
 *
 * @param step optimizer steps done
 * @param epoch passes over the data done
 * @param row rows of the current epoch done
 * @param rowsDone rows done in all: the counter of micro-batches
 */
record RunPosition(int step, int epoch, int row, long rowsDone) {
    static RunPosition start() {
        return new RunPosition(0, 0, 0, 0);
    }

    /** After a step over so many rows, in epochs of rowsPerEpoch. */
    RunPosition after(int rows, int rowsPerEpoch) {
        boolean epochEnds = row + rows == rowsPerEpoch;
        return new RunPosition(step + 1, epochEnds ? epoch + 1 : epoch, epochEnds ? 0 : row + rows, rowsDone + rows);
    }
}
