package dev.chaku.internal.engine;

import java.util.List;

/**
 * What an engine runs on.
 *
 * @param threads threads of its pool
 * @param path the path in use, none that is only a choice
 * @param best the best path of this machine and build
 * @param features names of the instruction sets that the processor has, of those that the engine uses
 * @param availableBytes memory that the process may still take
 */
public record EngineInfo(int threads, ComputePath path, ComputePath best, List<String> features, long availableBytes) {
    public EngineInfo {
        features = List.copyOf(features);
    }
}
