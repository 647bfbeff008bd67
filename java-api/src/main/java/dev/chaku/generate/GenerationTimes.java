package dev.chaku.generate;

import java.time.Duration;

/**
 * How long a generation waited and took, each from when it was asked for.
 *
 * @param queued until its prompt began to be computed
 * @param firstToken until its first token was known
 * @param total until its last token was known
 */
public record GenerationTimes(Duration queued, Duration firstToken, Duration total) {}
