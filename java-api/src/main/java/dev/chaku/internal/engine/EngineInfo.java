package dev.chaku.internal.engine;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What an engine runs on.
 *
 * @param threads threads of its pool
 * @param path the path in use, none that is only a choice; of a CUDA device {@link ComputePath#FLOAT32}, or
 *     {@link ComputePath#AUTO} where it rounds operands
 * @param best the best path of this machine and build
 * @param features names of the instruction sets that the processor has, of those that the engine uses
 * @param availableBytes memory that the process may still take, or that is left on the CUDA device in use
 * @param cuda number of the CUDA device in use; null for the processor
 * @param fallback why the processor computes in place of the device that was preferred; empty where none is
 */
public record EngineInfo(
        int threads,
        ComputePath path,
        ComputePath best,
        List<String> features,
        long availableBytes,
        @Nullable Integer cuda,
        String fallback) {
    public EngineInfo {
        features = List.copyOf(features);
    }
}
