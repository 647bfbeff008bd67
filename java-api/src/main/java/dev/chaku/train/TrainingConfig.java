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
 * @param neftune alpha of the noise on embeddings in training, U(-1, 1) alpha / sqrt(T D) for the T tokens of a
 *     sequence (Jain et al., "NEFTune", 2023); 0 for none, 5 as a rule
 * @param experts what concerns models of experts alone
 * @param loss what is made small
 * @param keeping validations, early stopping and checkpoints
 */
public record TrainingConfig(
        Batching batching,
        Schedule schedule,
        Optimizer optimizer,
        long seed,
        double neftune,
        Experts experts,
        Loss loss,
        Keeping keeping) {

    /** @throws BadInputException if the noise is out of its range */
    public TrainingConfig {
        Setting.require(neftune >= 0 && neftune <= 1000, "neftune", "0 to 1000", neftune);
    }

    /** {@return the settings unless set} */
    public static TrainingConfig defaults() {
        return new TrainingConfig(
                Batching.defaults(),
                Schedule.defaults(),
                Optimizer.defaults(),
                42,
                0,
                Experts.defaults(),
                new Loss.CrossEntropy(),
                Keeping.defaults());
    }

    /**
     * {@return all settings in the order in which they are written beside a run}
     *
     * @param ofExperts whether the model has experts: without, their settings mean nothing and are left out
     */
    public List<Setting> settings(boolean ofExperts) {
        List<Setting> all = new ArrayList<>();
        all.addAll(batching.settings());
        all.addAll(schedule.settings());
        all.addAll(optimizer.settings());
        all.add(Setting.of("seed", seed));
        if (neftune > 0) {
            all.add(Setting.of("neftune", neftune));
        }
        all.addAll(ofExperts ? experts.settings() : List.of());
        all.addAll(loss.settings());
        all.addAll(keeping.settings());
        return all;
    }

    /**
     * A copy with some settings altered.
     *
     * @param change alters the builder that it is given
     * @return this
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
        private double neftune;
        private Experts experts;
        private Loss loss;
        private Keeping keeping;

        private Builder(TrainingConfig c) {
            batching = c.batching;
            schedule = c.schedule;
            optimizer = c.optimizer;
            seed = c.seed;
            neftune = c.neftune;
            experts = c.experts;
            loss = c.loss;
            keeping = c.keeping;
        }

        /**
         * Sets {@link TrainingConfig#batching()}.
         *
         * @param group all settings of the group
         * @return this
         */
        public Builder batching(Batching group) {
            batching = group;
            return this;
        }

        /**
         * Sets {@link TrainingConfig#schedule()}.
         *
         * @param group all settings of the group
         * @return this
         */
        public Builder schedule(Schedule group) {
            schedule = group;
            return this;
        }

        /**
         * Sets {@link TrainingConfig#optimizer()}.
         *
         * @param group all settings of the group
         * @return this
         */
        public Builder optimizer(Optimizer group) {
            optimizer = group;
            return this;
        }

        /**
         * Sets {@link TrainingConfig#experts()}.
         *
         * @param group all settings of the group
         * @return this
         */
        public Builder experts(Experts group) {
            experts = group;
            return this;
        }

        /**
         * Sets {@link TrainingConfig#keeping()}.
         *
         * @param group all settings of the group
         * @return this
         */
        public Builder keeping(Keeping group) {
            keeping = group;
            return this;
        }

        /**
         * Sets {@link TrainingConfig#loss()}.
         *
         * @param kind one of those that are there
         * @return this
         */
        public Builder loss(Loss kind) {
            loss = kind;
            return this;
        }

        /**
         * Sets {@link TrainingConfig#seed()}.
         *
         * @param value what it is set to
         * @return this
         */
        public Builder seed(long value) {
            seed = value;
            return this;
        }

        /**
         * Sets {@link TrainingConfig#neftune()}.
         *
         * @param alpha 0 for no noise
         * @return this
         */
        public Builder neftune(double alpha) {
            neftune = alpha;
            return this;
        }

        /**
         * Sets {@link Batching#epochs()}.
         *
         * @param value what it is set to
         * @return this
         */
        public Builder epochs(int value) {
            return batching(batching.withEpochs(value));
        }

        /**
         * Sets {@link Batching#maxSteps()}.
         *
         * @param value what it is set to
         * @return this
         */
        public Builder maxSteps(int value) {
            return batching(batching.withMaxSteps(value));
        }

        /**
         * Raises or lowers batchTokens to the same value; set that afterwards for longer rows.
         *
         * @param value what it is set to
         * @return this
         */
        public Builder maxLength(int value) {
            return batching(batching.withMaxLength(value));
        }

        /**
         * Sets {@link Batching#batchTokens()}.
         *
         * @param value what it is set to
         * @return this
         */
        public Builder batchTokens(int value) {
            return batching(batching.withBatchTokens(value));
        }

        /**
         * Sets {@link Batching#gradAccumulation()}.
         *
         * @param value what it is set to
         * @return this
         */
        public Builder gradAccumulation(int value) {
            return batching(batching.withGradAccumulation(value));
        }

        /**
         * Sets {@link Batching#packing()}.
         *
         * @param on whether it is so
         * @return this
         */
        public Builder packing(boolean on) {
            return batching(batching.withPacking(on));
        }

        /**
         * Sets {@link Schedule#learningRate()}.
         *
         * @param value what it is set to
         * @return this
         */
        public Builder learningRate(double value) {
            return schedule(schedule.withLearningRate(value));
        }

        /**
         * Sets {@link Schedule#decay()}.
         *
         * @param kind one of those that are there
         * @return this
         */
        public Builder decay(Decay kind) {
            return schedule(schedule.withDecay(kind));
        }

        /**
         * Sets {@link Schedule#warmupSteps()}.
         *
         * @param value what it is set to
         * @return this
         */
        public Builder warmupSteps(int value) {
            return schedule(schedule.withWarmupSteps(value));
        }

        /**
         * Sets {@link Optimizer#kind()}, and the betas that its authors take.
         *
         * @param value what it is set to
         * @return this
         */
        public Builder optimizer(OptimizerKind value) {
            return optimizer(optimizer.withKind(value));
        }

        /**
         * Sets {@link Optimizer#weightDecay()}.
         *
         * @param value what it is set to
         * @return this
         */
        public Builder weightDecay(double value) {
            return optimizer(optimizer.withWeightDecay(value));
        }

        /**
         * Sets {@link Optimizer#maxGradNorm()}.
         *
         * @param value what it is set to
         * @return this
         */
        public Builder maxGradNorm(double value) {
            return optimizer(optimizer.withMaxGradNorm(value));
        }

        /**
         * Sets {@link Optimizer#maxGradValue()}.
         *
         * @param value what it is set to
         * @return this
         */
        public Builder maxGradValue(double value) {
            return optimizer(optimizer.withMaxGradValue(value));
        }

        /**
         * Sets the decay of the first and of the second moment.
         *
         * @param first of the first moment, in [0, 1)
         * @param second of the second moment, in [0, 1)
         * @return this
         */
        public Builder betas(double first, double second) {
            return optimizer(optimizer.withBetas(first, second));
        }

        /**
         * Sets {@link Optimizer#epsilon()}.
         *
         * @param value what it is set to
         * @return this
         */
        public Builder epsilon(double value) {
            return optimizer(optimizer.withEpsilon(value));
        }

        /**
         * Sets {@link Optimizer#bRateRatio()}.
         *
         * @param value what it is set to
         * @return this
         */
        public Builder bRateRatio(double value) {
            return optimizer(optimizer.withBRateRatio(value));
        }

        /**
         * Sets {@link Experts#loadBalance()}.
         *
         * @param value what it is set to
         * @return this
         */
        public Builder loadBalance(double value) {
            return experts(experts.withLoadBalance(value));
        }

        /**
         * Sets {@link Experts#trainRouters()}.
         *
         * @param on whether it is so
         * @return this
         */
        public Builder trainRouters(boolean on) {
            return experts(experts.withTrainRouters(on));
        }

        /**
         * Sets {@link Keeping#earlyStopping()}.
         *
         * @param validations 0 for never
         * @return this
         */
        public Builder earlyStopping(int validations) {
            return keeping(keeping.withEarlyStopping(validations));
        }

        /**
         * Sets {@link Keeping#evalSteps()}.
         *
         * @param value what it is set to
         * @return this
         */
        public Builder evalSteps(int value) {
            return keeping(keeping.withEvalSteps(value));
        }

        /**
         * Sets {@link Keeping#evalAnswers()}.
         *
         * @param value what it is set to
         * @return this
         */
        public Builder evalAnswers(int value) {
            return keeping(keeping.withEvalAnswers(value));
        }

        /**
         * Sets {@link Keeping#saveSteps()}.
         *
         * @param value what it is set to
         * @return this
         */
        public Builder saveSteps(int value) {
            return keeping(keeping.withSaveSteps(value));
        }

        /**
         * Sets {@link Keeping#keepCheckpoints()}.
         *
         * @param value what it is set to
         * @return this
         */
        public Builder keepCheckpoints(int value) {
            return keeping(keeping.withKeepCheckpoints(value));
        }

        private TrainingConfig build() {
            return new TrainingConfig(batching, schedule, optimizer, seed, neftune, experts, loss, keeping);
        }
    }
}
