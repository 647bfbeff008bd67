package dev.chaku.internal.engine;

import org.jspecify.annotations.Nullable;

/**
 * What an engine is started with.
 *
 * @param threads 0 for one per core that this process may use
 * @param path how it computes; {@link ComputePath#FLOAT32} has a CUDA device round no operands
 * @param cuda the CUDA device that is asked for; null for the processor
 */
public record EngineOptions(
        int threads, ComputePath path, @Nullable CudaChoice cuda) {}
