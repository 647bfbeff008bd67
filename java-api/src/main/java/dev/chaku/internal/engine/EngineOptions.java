package dev.chaku.internal.engine;

/**
 * What an engine is started with.
 *
 * @param threads 0 for one per core that this process may use
 * @param path how it computes
 */
public record EngineOptions(int threads, ComputePath path) {}
