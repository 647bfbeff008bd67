package dev.chaku.internal.engine;

/** An adapter in an engine: immutable, worn by any number of texts, each of which may outlive it. Thread-safe. */
public interface EngineAdapter extends AutoCloseable {
    /** Whether {@link #close} was called. */
    boolean isClosed();

    /** Lets go of it; texts that wear it keep what they need. Idempotent. */
    @Override
    void close();
}
