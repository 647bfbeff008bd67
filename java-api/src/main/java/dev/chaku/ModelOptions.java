package dev.chaku;

import dev.chaku.errors.BadInputException;
import dev.chaku.internal.engine.Engine;
import dev.chaku.internal.engine.lookup.Engines;
import dev.chaku.internal.schedule.Scheduler;

/**
 * How a model is opened.
 *
 * @param device what computes; {@link Device#AUTO} by default
 * @param threads 0, the default, for one per core that this process may use
 * @param memoryLimitBytes most that one generation or training may take, weights included; 0, the default, for what the
 *     machine has. Of a training all memory of the process counts, the JVM's too; it keeps as many layers' activations
 *     as fit, and computes the others again
 * @param cache how generations keep keys and values; {@link CacheFormat#F32} by default
 * @param activations how generations read activations; {@link ActivationFormat#F32} by default
 */
public record ModelOptions(
        Device device, int threads, long memoryLimitBytes, CacheFormat cache, ActivationFormat activations) {
    private static final int MOST_THREADS = 1024;
    private static final int MOST_RUNNING = 64;
    private static final int MOST_QUEUED = 1024;

    public ModelOptions {
        requireThreads(threads);
        if (memoryLimitBytes < 0) {
            throw BadInputException.ofSetting("memory limit", "at least 0 bytes", memoryLimitBytes);
        }
    }

    /** The count, if it is in range. */
    static int requireThreads(int threads) {
        if (threads < 0 || threads > MOST_THREADS) {
            throw BadInputException.ofSetting("threads", "0 to " + MOST_THREADS, threads);
        }
        return threads;
    }

    /** {@return the options unless set} */
    public static ModelOptions defaults() {
        return new ModelOptions(Device.AUTO, 0, 0, CacheFormat.F32, ActivationFormat.F32);
    }

    /**
     * {@return a copy for another device}
     *
     * @param newDevice what to compute on
     */
    public ModelOptions withDevice(Device newDevice) {
        return new ModelOptions(newDevice, threads, memoryLimitBytes, cache, activations);
    }

    /**
     * {@return a copy with another number of threads}
     *
     * @param newThreads 0 for one per core
     */
    public ModelOptions withThreads(int newThreads) {
        return new ModelOptions(device, newThreads, memoryLimitBytes, cache, activations);
    }

    /**
     * {@return a copy with another limit of memory}
     *
     * @param newLimit in bytes, see {@link #memoryLimitBytes}
     */
    public ModelOptions withMemoryLimitBytes(long newLimit) {
        return new ModelOptions(device, threads, newLimit, cache, activations);
    }

    /**
     * {@return a copy with another format of the cache}
     *
     * @param newCache the format
     */
    public ModelOptions withCache(CacheFormat newCache) {
        return new ModelOptions(device, threads, memoryLimitBytes, newCache, activations);
    }

    /**
     * {@return a copy with another format of activations}
     *
     * @param newActivations the format
     */
    public ModelOptions withActivations(ActivationFormat newActivations) {
        return new ModelOptions(device, threads, memoryLimitBytes, cache, newActivations);
    }

    /** Starts what these options choose. */
    Engine startEngine() {
        return Engines.start(device.engineOptions(threads));
    }

    Scheduler.Settings texts() {
        return new Scheduler.Settings(memoryLimitBytes, cache.type(), activations.engine(), MOST_RUNNING, MOST_QUEUED);
    }
}
