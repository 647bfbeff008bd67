package dev.chaku.internal.engine;

/** An adapter in an engine: immutable, worn by any number of texts, each of which may outlive it. Thread-safe. */
public interface EngineAdapter extends AutoCloseable {
    /** SHA-256 of what it adds: texts that wear adapters of one content at one scale have the same numbers. */
    String contentHash();

    /**
     * Lets texts begin to wear it until it is {@link #release}d as often, though it be closed meanwhile.
     *
     * @throws IllegalStateException if it is closed
     */
    void hold();

    void release();

    /** Whether {@link #close} was called. */
    boolean isClosed();

    /** Lets go of it; texts that wear it, and who holds it, keep what they need. Idempotent. */
    @Override
    void close();
}
