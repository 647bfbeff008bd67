package dev.chaku.internal.schedule;

/**
 * How many tokens of prompts go into a step, so that texts that are generated go on. A step with prompts costs more
 * than its tokens do, since prompts are another pass: so parts are not small, and where one takes too long, steps
 * without prompts follow it until those that go on have had their part of the time again. It learns from how long steps
 * took. Not thread-safe.
 */
final class Chunks {
    /** Of a step without texts that are generated. */
    static final int ALONE = 512;

    private static final int LEAST = 32;
    /** With prompts, steps take so many times as long on average as without. */
    private static final double MOST_RATIO = 2.5;
    /** One step takes no more than this many times as long, unless its part is the least. */
    private static final double MOST_OF_ONE = 4;

    private static final double GROWTH = 1.15;
    private static final double NEW = 0.3;
    private double plainNanos;
    private double size = LEAST;
    /** That steps with prompts took too long so far. */
    private double debtNanos;

    private double factor = 1;

    /**
     * Tokens of prompts in the next step with others, 0 where these go on first, or have not shown how long they take.
     * Where more texts wait for their prompts than go on, they get more of the time: each text counts alike.
     *
     * @param running texts that go on
     * @param prompts texts whose prompts are computed
     */
    int next(int running, int prompts) {
        factor = Math.max(1, (double) prompts / running);
        return plainNanos == 0 || debtNanos > 0 ? 0 : (int) Math.min(ALONE, size * factor);
    }

    /**
     * Learns from a step.
     *
     * @param running texts in it that are generated
     * @param prompts tokens of prompts in it
     */
    void learn(int running, int prompts, long nanos) {
        if (running == 0) {
            debtNanos = 0;
            return;
        }
        if (prompts == 0) {
            plainNanos = plainNanos == 0 ? nanos : (1 - NEW) * plainNanos + NEW * nanos;
            debtNanos = Math.max(0, debtNanos - (MOST_RATIO - 1) * nanos);
            return;
        }
        if (plainNanos == 0) {
            return;
        }
        debtNanos = Math.max(0, nanos - MOST_RATIO * factor * plainNanos);
        double ratio = nanos / (plainNanos * factor);
        if (ratio > MOST_OF_ONE) {
            size = Math.max(LEAST, size * Math.max(0.5, MOST_OF_ONE / ratio));
        } else if (ratio < MOST_RATIO && prompts >= (int) size) {
            size = Math.min(ALONE, size * GROWTH);
        }
    }
}
