package dev.chaku.train;

/**
 * How a run began.
 *
 * @param step steps that were done before
 */
public record RunStart(Kind kind, int step) {
    /** What was there. */
    public enum Kind {
        /** Nothing: the output folder was missing or empty. */
        NEW,
        /** A run without a checkpoint: it starts anew. */
        ANEW,
        /** A run's checkpoint, from which this one goes on. */
        RESUMED,
        /** A run that was finished: there is nothing to do. */
        FINISHED
    }

    /**
     * {@return the beginning of a run that is not finished}
     *
     * @param earlier whether there was one before
     * @param step of its checkpoint, 0 for none
     */
    public static RunStart of(boolean earlier, int step) {
        return new RunStart(step > 0 ? Kind.RESUMED : earlier ? Kind.ANEW : Kind.NEW, step);
    }
}
