package dev.chaku.chat;

/**
 * How a model's template has calls and thoughts written, found by reading it. Immutable.
 *
 * @param family whose notation of calls it is, for instance {@code hermes}; {@code generic} for none that is known
 * @param writesTools whether the template itself tells the model of tools; it is told in the system message if not
 * @param writesCalls whether the template itself writes calls and their results; they stand in messages if not
 * @param parallelCalls whether an answer may have more than one call
 * @param reasoning whether the template knows of thoughts before an answer
 */
public record ChatFormat(
        String family, boolean writesTools, boolean writesCalls, boolean parallelCalls, boolean reasoning) {}
