package dev.chaku.benchmarks.compare;

/**
 * What busy neighbours leave of a machine's cores to a program, if the system shares them evenly among all threads that
 * want one.
 *
 * @param cores of the machine
 * @param threads of the program that is measured
 * @param busy neighbours, each of one thread that never waits
 */
record CoreShare(int cores, int threads, int busy) {
    /** A program that loses no more than this times the share that is gone lives well beside others. */
    static final double MOST_LOSS = 1.25;

    CoreShare {
        if (cores < 1 || threads < 1 || busy < 0) {
            throw new IllegalArgumentException(
                    "expected at least a core, a thread and no fewer than 0 neighbours, found " + cores + ", " + threads
                            + " and " + busy);
        }
    }

    /** Of the cores that the program has alone, the share that is left to it: 1 while there is a core for everybody. */
    double left() {
        double alone = Math.min(threads, cores);
        double beside = Math.min(threads, (double) cores * threads / (threads + busy));
        return Math.min(1, beside / alone);
    }

    /** The share that is gone. */
    double gone() {
        return 1 - left();
    }

    /** The least share of its speed that the program is to keep. */
    double leastKept() {
        return Math.max(0, 1 - MOST_LOSS * gone());
    }

    /** Whether a share of the speed that was kept is enough. */
    boolean isKept(double kept) {
        return kept >= leastKept();
    }

    /** The share of all cores that neighbours have had, from the processor time that they took. */
    static double taken(double processorSeconds, double wallSeconds, int cores) {
        return processorSeconds / (wallSeconds * cores);
    }
}
