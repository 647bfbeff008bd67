package dev.chaku.benchmarks.compare;

import java.util.List;
import java.util.Random;

/** What every program of a training comparison trains on. */
final class TrainingText {
    static final double LEARNING_RATE = 1e-3;

    /** Of DPO. */
    static final double BETA = 0.1;

    private TrainingText() {}

    /** What a method trains on: one text, or of DPO the chosen and the rejected one. */
    static List<int[]> of(String method, int tokens, PeerShape shape) {
        if (!method.equals("dpo")) {
            return List.of(ids(tokens, shape));
        }
        return List.of(
                ids(tokens / 2, shape),
                new Random(8).ints(tokens / 2 - 5, 0, shape.vocabSize()).toArray());
    }

    /** Random ids; all but the first are predicted. */
    static int[] ids(int tokens, PeerShape shape) {
        return new Random(7).ints(tokens, 0, shape.vocabSize()).toArray();
    }
}
