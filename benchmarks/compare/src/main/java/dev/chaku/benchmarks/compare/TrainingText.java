package dev.chaku.benchmarks.compare;

import java.util.Random;

/** What every program of a training comparison trains on. */
final class TrainingText {
    static final double LEARNING_RATE = 1e-3;

    private TrainingText() {}

    /** Random ids; all but the first are predicted. */
    static int[] ids(int tokens, PeerShape shape) {
        return new Random(7).ints(tokens, 0, shape.vocabSize()).toArray();
    }
}
