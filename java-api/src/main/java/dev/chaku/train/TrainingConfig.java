package dev.chaku.train;

import dev.chaku.errors.BadInputException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * How a training runs, by groups of settings. Immutable; {@link #with} gives an altered copy. The defaults suit LoRA on
 * a few hundred to some ten thousand examples.
 *
 * <p>What is trained, an adapter or the model, is the {@link Method} that {@code dev.chaku.Trainer} is told.
 *
 * @param batching how much of the data makes a step, and how many steps there are
 * @param schedule the learning rate of each step
 * @param optimizer what becomes of a gradient
 * @param seed of initial weights, shuffling and dropout
 * @param experts what concerns models of experts alone
 * @param loss what is made small
 * @param keeping validations, early stopping and checkpoints
 */
public record TrainingConfig(
        Batching batching,
        Schedule schedule,
        Optimizer optimizer,
        long seed,
        Experts experts,
        Loss loss,
        Keeping keeping) {

    public static TrainingConfig defaults() {
        return new TrainingConfig(
                Batching.defaults(),
                Schedule.defaults(),
                Optimizer.defaults(),
                42,
                Experts.defaults(),
                new Loss.CrossEntropy(),
                Keeping.defaults());
    }

    /**
     * All settings in the order in which they are written beside a run.
     *
     * @param ofExperts whether the model has experts: without, their settings mean nothing and are left out
     */
    public List<Setting> settings(boolean ofExperts) {
        List<Setting> all = new ArrayList<>();
        all.addAll(batching.settings());
        all.addAll(schedule.settings());
        all.addAll(optimizer.settings());
        all.add(Setting.of("seed", seed));
        all.addAll(ofExperts ? experts.settings() : List.of());
        all.addAll(loss.settings());
        all.addAll(keeping.settings());
        return all;
    }

    /**
     * A copy with some settings altered.
     *
     * @throws BadInputException if one is out of its range
     */
    public TrainingConfig with(Consumer<Builder> change) {
        Builder builder = new Builder(this);
        change.accept(builder);
        return builder.build();
    }

    /**
     * Settings under way, one by one or a group at once; each is checked when it is set. Not thread-safe.
     *
     * <p>What has no method here is altered through its group, as in {@code config.with(c ->
     * c.optimizer(config.optimizer().withEpsilon(1e-7)))}.
     */
    public static final class Builder {
        private Batching batching;
        private Schedule schedule;
        private Optimizer optimizer;
        private long seed;
        private Experts experts;
        private Loss loss;
        private Keeping keeping;

        private Builder(TrainingConfig c) {
            batching = c.batching;
            schedule = c.schedule;
            optimizer = c.optimizer;
            seed = c.seed;
            experts = c.experts;
            loss = c.loss;
            keeping = c.keeping;
        }

        public Builder batching(Batching group) {
            batching = group;
            return this;
        }

        public Builder schedule(Schedule group) {
            schedule = group;
            return this;
        }

        public Builder optimizer(Optimizer group) {
            optimizer = group;
            return this;
        }

        public Builder experts(Experts group) {
            experts = group;
            return this;
        }

        public Builder keeping(Keeping group) {
            keeping = group;
            return this;
        }

        public Builder loss(Loss kind) {
            loss = kind;
            return this;
        }

        public Builder seed(long value) {
            seed = value;
            return this;
        }

        public Builder epochs(int value) {
            return batching(batching.withEpochs(value));
        }

        public Builder maxSteps(int value) {
            return batching(batching.withMaxSteps(value));
        }

        /** Raises or lowers batchTokens to the same value; set that afterwards for longer rows. */
        public Builder maxLength(int value) {
            return batching(batching.withMaxLength(value));
        }

        public Builder batchTokens(int value) {
            return batching(batching.withBatchTokens(value));
        }

        public Builder gradAccumulation(int value) {
            return batching(batching.withGradAccumulation(value));
        }

        public Builder packing(boolean on) {
            return batching(batching.withPacking(on));
        }

        public Builder learningRate(double value) {
            return schedule(schedule.withLearningRate(value));
        }

        public Builder decay(Decay kind) {
            return schedule(schedule.withDecay(kind));
        }

        public Builder warmupSteps(int value) {
            return schedule(schedule.withWarmupSteps(value));
        }

        public Builder weightDecay(double value) {
            return optimizer(optimizer.withWeightDecay(value));
        }

        public Builder maxGradNorm(double value) {
            return optimizer(optimizer.withMaxGradNorm(value));
        }

        public Builder betas(double first, double second) {
            return optimizer(optimizer.withBetas(first, second));
        }

        public Builder epsilon(double value) {
            return optimizer(optimizer.withEpsilon(value));
        }

        public Builder bRateRatio(double value) {
            return optimizer(optimizer.withBRateRatio(value));
        }

        public Builder loadBalance(double value) {
            return experts(experts.withLoadBalance(value));
        }

        public Builder trainRouters(boolean on) {
            return experts(experts.withTrainRouters(on));
        }

        public Builder earlyStopping(int validations) {
            return keeping(keeping.withEarlyStopping(validations));
        }

        public Builder evalSteps(int value) {
            return keeping(keeping.withEvalSteps(value));
        }

        public Builder saveSteps(int value) {
            return keeping(keeping.withSaveSteps(value));
        }

        public Builder keepCheckpoints(int value) {
            return keeping(keeping.withKeepCheckpoints(value));
        }

        private TrainingConfig build() {
            return new TrainingConfig(batching, schedule, optimizer, seed, experts, loss, keeping);
        }
    }
}
