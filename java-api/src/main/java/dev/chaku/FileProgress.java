package dev.chaku;

import dev.chaku.internal.model.FileProgressMeter;
import java.time.Duration;
import java.util.function.Consumer;

/**
 * How far the writing of a file is.
 *
 * @param tensor the one at work
 * @param done elements of all tensors that are written
 * @param total elements of all tensors
 * @param elapsed since the start
 */
public record FileProgress(String tensor, long done, long total, Duration elapsed) {
    /** {@return the share that is done, from 0 to 1} */
    public double share() {
        return total == 0 ? 1 : (double) done / total;
    }

    /** {@return the time that the rest will take if it goes on like this} */
    public Duration remaining() {
        return share() == 0 ? Duration.ZERO : Duration.ofMillis((long) (elapsed.toMillis() * (1 / share() - 1)));
    }

    /** What tells a listener of the progress that machinery counts. */
    static FileProgressMeter.Listener to(Consumer<FileProgress> listener) {
        return (tensor, done, total, elapsed) -> listener.accept(new FileProgress(tensor, done, total, elapsed));
    }
}
