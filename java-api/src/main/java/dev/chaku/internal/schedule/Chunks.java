package dev.chaku.internal.schedule;

/**
 * How many tokens of prompts go into a step, so that texts that are generated go on: a step with prompts takes no more
 * than twice or so what one without takes. It learns from how long steps took. Not thread-safe.
 */
final class Chunks {
    /** Of a step without texts that are generated. */
    static final int ALONE = 512;

    private static final int LEAST = 8;
    private static final double MOST_RATIO = 2.6;
    private static final double GOOD_RATIO = 2.2;
    private static final double NEW = 0.3;
    private double plainNanos;
    private double size = 32;

    /**
     * Tokens of prompts in a step with others. Where more texts wait for their prompts than go on, they get more of the
     * time: each text counts alike.
     *
     * @param running texts that go on
     * @param prompts texts whose prompts are computed
     */
    int size(int running, int prompts) {
        return (int) Math.min(ALONE, size * Math.max(1, prompts / running));
    }

    /**
     * Learns from a step.
     *
     * @param running texts in it that are generated
     * @param prompts tokens of prompts in it
     */
    void learn(int running, int prompts, long nanos) {
        if (running == 0) {
            return;
        }
        if (prompts == 0) {
            plainNanos = plainNanos == 0 ? nanos : (1 - NEW) * plainNanos + NEW * nanos;
        } else if (plainNanos > 0) {
            double ratio = nanos / plainNanos;
            if (prompts > (int) size) {
                return; // others had more than their part of this one
            }
            if (ratio > MOST_RATIO) {
                size = Math.max(LEAST, size * Math.max(0.5, GOOD_RATIO / ratio));
            } else if (ratio < GOOD_RATIO && prompts >= (int) size) {
                size = Math.min(ALONE, size * 1.15 + 1);
            }
        }
    }
}
