package dev.chaku.internal.io;

import dev.chaku.errors.OperationCancelledException;

/** How a thread's interrupt ends a computation: it is noticed between two parts of the work, and stays set. */
public final class Interruption {
    private Interruption() {}

    /**
     * Ends the computation if this thread was interrupted.
     *
     * @param what a noun for the message, for instance {@code generation}
     * @throws OperationCancelledException if it was; the thread's interrupt status stays set
     */
    public static void check(String what) {
        if (Thread.currentThread().isInterrupted()) {
            throw new OperationCancelledException("the " + what + " was interrupted");
        }
    }
}
