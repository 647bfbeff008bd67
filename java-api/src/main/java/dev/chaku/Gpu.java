package dev.chaku;

/**
 * A CUDA device of this machine.
 *
 * @param number from 0, for {@link Device#cuda}
 * @param name as its driver tells
 * @param computeCapability such as 8.9
 * @param multiprocessors their number
 * @param totalBytes its memory
 * @param freeBytes what can be allocated now; -1 where the driver does not tell
 * @param unusable why the kernels of this build do not run on it; empty where they do
 */
public record Gpu(
        int number,
        String name,
        String computeCapability,
        int multiprocessors,
        long totalBytes,
        long freeBytes,
        String unusable) {}
