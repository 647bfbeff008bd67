package dev.chaku.internal.engine;

/**
 * What an engine runs on.
 *
 * @param threads threads of its pool
 * @param cpuPath {@code CHAKU_CPU_*}, the path in use
 * @param bestCpuPath the best path of this machine and build
 * @param cpuFeatures bits {@code CHAKU_FEATURE_*}
 * @param availableBytes memory that the process may still take
 */
public record EngineInfo(int threads, int cpuPath, int bestCpuPath, int cpuFeatures, long availableBytes) {}
