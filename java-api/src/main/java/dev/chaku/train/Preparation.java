package dev.chaku.train;

import java.time.Duration;

/**
 * How far work is that comes before the first step of a training.
 *
 * @param what the work, as a participle with its object, such as {@code scoring the reference}
 * @param done parts that are done
 * @param total parts in all
 * @param elapsed since it began
 */
public record Preparation(String what, long done, long total, Duration elapsed) {
    /** {@return the share that is done, from 0 to 1} */
    public double share() {
        return total == 0 ? 1 : (double) done / total;
    }

    /** {@return the time that the rest will take if it goes on like this; zero while nothing is done} */
    public Duration remaining() {
        return done == 0 ? Duration.ZERO : Duration.ofMillis((long) (elapsed.toMillis() * (1 / share() - 1)));
    }
}
