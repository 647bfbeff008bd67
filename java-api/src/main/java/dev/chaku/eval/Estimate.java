package dev.chaku.eval;

/**
 * A mean over examples, and how far chance may have moved it.
 *
 * @param mean the mean
 * @param low the mean lies above it, of 95 % of the resamples of the examples
 * @param high the mean lies below it, likewise
 * @param examples how many there are
 */
public record Estimate(double mean, double low, double high, int examples) {}
