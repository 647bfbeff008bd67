package dev.chaku.errors;

import java.time.Duration;

/** Too many requests wait already; ask again later. Nothing was begun. */
public final class BusyException extends ChakuException {
    private final Duration retryAfter;

    /**
     * Says that there is no place in the queue.
     *
     * @param message what is full, expected and found
     * @param retryAfter how long it may take until there is one
     */
    public BusyException(String message, Duration retryAfter) {
        super(message);
        this.retryAfter = retryAfter;
    }

    /** {@return how long it may take until there is a place, at least a second} */
    public Duration retryAfter() {
        return retryAfter;
    }
}
