package dev.chaku.train;

import static dev.chaku.train.Setting.require;

import dev.chaku.errors.BadInputException;
import java.util.List;

/**
 * The learning rate of each step: a straight rise from nothing, then what the decay says.
 *
 * @param learningRate at its highest
 * @param decay how it goes on after the warm-up
 * @param warmupSteps steps of linear rise, -1 for three in a hundred
 */
public record Schedule(double learningRate, Decay decay, int warmupSteps) implements SettingGroup {
    /** @throws BadInputException if a setting is out of its range */
    public Schedule {
        require(learningRate > 0 && learningRate < 10, "learning rate", "more than 0 and less than 10", learningRate);
        require(warmupSteps >= -1, "warmup steps", "at least 0, or -1 for three in a hundred", warmupSteps);
    }

    /** {@return half a cosine from 2e-4, after a warm-up of three steps in a hundred} */
    public static Schedule defaults() {
        return new Schedule(2e-4, new Decay.Cosine(), -1);
    }

    /**
     * A copy with another learning rate at its highest.
     *
     * @param value in the range that the component of this name has
     * @return the copy
     */
    public Schedule withLearningRate(double value) {
        return new Schedule(value, decay, warmupSteps);
    }

    /**
     * A copy that goes on in another way.
     *
     * @param value in the range that the component of this name has
     * @return the copy
     */
    public Schedule withDecay(Decay value) {
        return new Schedule(learningRate, value, warmupSteps);
    }

    /**
     * A copy with so many steps of rise.
     *
     * @param value in the range that the component of this name has
     * @return the copy
     */
    public Schedule withWarmupSteps(int value) {
        return new Schedule(learningRate, decay, value);
    }

    /**
     * {@return steps of linear rise in a run of so many steps}
     *
     * @param totalSteps steps of the run
     */
    public int warmupOf(int totalSteps) {
        return warmupSteps >= 0 ? Math.min(warmupSteps, totalSteps) : (int) Math.ceil(0.03 * totalSteps);
    }

    /**
     * {@return the learning rate of a step, counted from 1, in a run of so many steps}
     *
     * @param step counted from 1
     * @param totalSteps steps of the run
     */
    public double learningRateAt(int step, int totalSteps) {
        int warmup = warmupOf(totalSteps);
        if (step <= warmup) {
            return learningRate * step / warmup;
        }
        return decay.rateAt(learningRate, (double) (step - 1 - warmup) / Math.max(1, totalSteps - warmup));
    }

    @Override
    public List<Setting> settings() {
        return List.of(
                Setting.of("learning_rate", learningRate),
                Setting.of("schedule", decay.label()),
                Setting.of("warmup_steps", warmupSteps));
    }
}
