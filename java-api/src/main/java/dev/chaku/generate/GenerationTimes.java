package dev.chaku.generate;

import java.time.Duration;

/**
 * How long a generation waited and took, each from when it was asked for.
 *
 * @param queued until its prompt began to be computed
 * @param firstToken until its first token was known
 * @param total until it had ended
 * @param gapsNanos between each token and the one before it, in nanoseconds; copied in and out
 */
public record GenerationTimes(Duration queued, Duration firstToken, Duration total, long[] gapsNanos) {
    public GenerationTimes {
        gapsNanos = gapsNanos.clone();
    }

    /** {@return a copy} */
    @Override
    public long[] gapsNanos() {
        return gapsNanos.clone();
    }
}
