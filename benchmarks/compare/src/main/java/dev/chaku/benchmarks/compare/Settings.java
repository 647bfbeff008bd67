package dev.chaku.benchmarks.compare;

import java.nio.file.Path;
import java.util.List;

/**
 * What a comparison runs.
 *
 * @param devices Chaku's paths: cpu and names of others
 * @param rounds of each program, after a short one to warm up
 * @param models folder of the random models, kept between runs
 * @param logs folder of what the programs print
 */
record Settings(List<String> devices, int threads, int rounds, Path models, Path logs) {}
