package dev.chaku.train;

import java.util.List;

/**
 * What a training takes of the memory at its most, part by part, all in bytes.
 *
 * @param weights of the base, mapped and shared
 * @param parameters that are trained, with their gradients
 * @param optimizer its moments
 * @param activations what the forward pass keeps for the backward pass
 * @param scratch working memory of a step
 * @param threads working memory of the core's threads
 * @param jvm what the JVM takes at most: what it holds now, and what it will need for the run
 * @param available what the machine can give now
 * @param savings what to lower, and what that would buy; those that buy something
 */
public record TrainingMemory(
        long weights,
        long parameters,
        long optimizer,
        long activations,
        long scratch,
        long threads,
        long jvm,
        long available,
        List<Saving> savings) {
    /**
     * A setting that could be lowered.
     *
     * @param setting its name, such as {@code rank}
     * @param value to what
     * @param bytes that it would save
     */
    public record Saving(String setting, String value, long bytes) {}

    public TrainingMemory {
        savings = List.copyOf(savings);
    }

    /** {@return the sum: what the process takes at most} */
    public long total() {
        return weights + training() + jvm;
    }

    /** {@return what the core takes beside the weights} */
    public long training() {
        return parameters + optimizer + activations + scratch + threads;
    }
}
