package dev.chaku.internal.schedule;

/**
 * How much of prompts is computed between steps of texts that are generated, so that these go on. A pass of prompts is
 * held after some layers and taken up again after the next step. It reads and decodes all weights, so it is no smaller
 * than it must be for one layer of it to take no longer than a step. It learns from how long both took. Not
 * thread-safe.
 */
final class Chunks {
    /** Tokens of a pass beside which nothing is generated. */
    static final int ALONE = 512;

    /** Of a pass, where that is not known to take too long. */
    private static final int LEAST = 32;
    /** With prompts, steps take so many times as long on average as without. */
    private static final double MOST_RATIO = 2;
    /** One layer of a pass takes no more than so many steps, unless it is the least. */
    private static final double STEPS_OF_A_LAYER = 0.7;

    private static final double NEW = 0.3;
    /** One measure counts no more than so many times the one before: the machine may have been away. */
    private static final double MOST_GROWTH = 3;

    private double stepNanos;
    private double tokenNanos; // of a token in a layer
    /** What is left of the time that prompts have had so far; less than nothing where pieces took longer. */
    private double leftNanos;

    /** Learns how long a step of generated tokens took. */
    void learnStep(long nanos) {
        stepNanos = mean(stepNanos, nanos);
    }

    /** Learns how long a piece took: so many layers of a pass of so many tokens. */
    void learnPiece(int tokens, int layers, long nanos) {
        tokenNanos = mean(tokenNanos, (double) nanos / ((double) tokens * layers));
        leftNanos -= nanos;
    }

    private static double mean(double had, double now) {
        return had == 0 ? now : had + NEW * (Math.min(now, MOST_GROWTH * had) - had);
    }

    /**
     * Tokens of the next pass.
     *
     * @param running texts that go on beside it
     * @param prompts texts whose prompts are computed
     */
    int tokens(int running, int prompts) {
        if (running == 0) {
            return ALONE;
        }
        if (tokenNanos == 0) {
            return LEAST;
        }
        double most = STEPS_OF_A_LAYER * stepNanos * factor(running, prompts) / tokenNanos;
        return (int) Math.max(LEAST, Math.min(ALONE, most));
    }

    /**
     * Layers of the pass that come after a step of texts that go on, 0 where these have not had their part of the time.
     *
     * @param tokens of the pass
     * @param all layers of the model
     */
    int layers(int running, int prompts, int tokens, int all) {
        if (running == 0) {
            leftNanos = 0;
            return all;
        }
        double partNanos = (MOST_RATIO - 1) * stepNanos * factor(running, prompts);
        leftNanos = Math.min(leftNanos + partNanos, partNanos);
        if (leftNanos <= 0) {
            return 0;
        }
        double layerNanos = tokenNanos * tokens;
        return layerNanos == 0 ? 1 : (int) Math.max(1, Math.min(all, leftNanos / layerNanos));
    }

    /** Where more texts wait for their prompts than go on, they get more of the time: each text counts alike. */
    private static double factor(int running, int prompts) {
        return Math.max(1, (double) prompts / running);
    }
}
