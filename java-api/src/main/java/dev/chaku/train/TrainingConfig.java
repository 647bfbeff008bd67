package dev.chaku.train;

import dev.chaku.errors.BadInputException;
import java.util.Arrays;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * How a training runs. Immutable; {@link #with} gives an altered copy. The defaults suit LoRA on a few hundred to some
 * ten thousand examples.
 *
 * @param epochs passes over the data; may be broken off by maxSteps
 * @param maxSteps most optimizer steps, 0 for no limit
 * @param maxLength longest sequence in tokens
 * @param batchTokens tokens of one micro-batch, at least maxLength: sequences are packed into rows of this length
 * @param gradAccumulation micro-batches per optimizer step
 * @param packing whether several sequences share a row; each attends to itself alone either way
 * @param learningRate at its highest
 * @param schedule how it goes on after the warm-up
 * @param warmupSteps steps of linear rise, -1 for three in a hundred
 * @param weightDecay decoupled, of matrices
 * @param maxGradNorm gradients are scaled down to this norm, 0 for no clipping
 * @param beta1 of AdamW
 * @param beta2 of AdamW
 * @param epsilon of AdamW
 * @param bRateRatio LoRA+: the learning rate of B over that of A; 1 for plain LoRA
 * @param evalSteps steps between validations, 0 for one at the end of each epoch
 * @param earlyStopping stop after so many validations without a lower loss, and end with the parameters of the best
 *     one; 0 for never
 * @param saveSteps steps between checkpoints, 0 for none
 * @param keepCheckpoints newest checkpoints that are kept
 * @param loadBalance coefficient of the load-balance loss, for models of experts: its gradient spreads tokens evenly
 *     over the experts; 0 for none, 0.001 to 0.01 as a rule
 * @param trainRouters whether a full training changes the routers of experts too; they decide which expert a token
 *     meets, and stay as they are unless asked for
 * @param seed of initial weights, shuffling and dropout
 */
public record TrainingConfig(
        int epochs,
        int maxSteps,
        int maxLength,
        int batchTokens,
        int gradAccumulation,
        boolean packing,
        double learningRate,
        Schedule schedule,
        int warmupSteps,
        double weightDecay,
        double maxGradNorm,
        double beta1,
        double beta2,
        double epsilon,
        double bRateRatio,
        int evalSteps,
        int earlyStopping,
        int saveSteps,
        int keepCheckpoints,
        double loadBalance,
        boolean trainRouters,
        long seed) {

    /** How the learning rate goes on after the warm-up. */
    public enum Schedule {
        /** Stays. */
        CONSTANT,
        /** Falls to 0 in a straight line. */
        LINEAR,
        /** Falls to 0 along half a cosine. */
        COSINE;

        /** @throws BadInputException for an unknown name */
        public static Schedule parse(String name) {
            return Arrays.stream(values())
                    .filter(s -> s.label().equals(name.toLowerCase(Locale.ROOT)))
                    .findFirst()
                    .orElseThrow(() -> BadInputException.ofSetting(
                            "schedule",
                            Arrays.stream(values()).map(Schedule::label).collect(Collectors.joining(", ")),
                            "'" + name + "'"));
        }

        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    public TrainingConfig {
        require(epochs >= 1, "epochs", "at least 1", epochs);
        require(maxSteps >= 0, "max steps", "at least 0", maxSteps);
        require(maxLength >= 2, "max length", "at least 2 tokens", maxLength);
        require(batchTokens >= maxLength, "batch tokens", "at least the max length of " + maxLength, batchTokens);
        require(gradAccumulation >= 1, "grad accumulation", "at least 1", gradAccumulation);
        require(learningRate > 0 && learningRate < 10, "learning rate", "more than 0 and less than 10", learningRate);
        require(warmupSteps >= -1, "warmup steps", "at least 0, or -1 for three in a hundred", warmupSteps);
        require(weightDecay >= 0 && weightDecay < 1, "weight decay", "at least 0 and less than 1", weightDecay);
        require(maxGradNorm >= 0, "max grad norm", "at least 0", maxGradNorm);
        require(
                beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1,
                "betas",
                "at least 0 and less than 1",
                beta1 + ", " + beta2);
        require(epsilon > 0, "epsilon", "more than 0", epsilon);
        require(bRateRatio > 0, "B rate ratio", "more than 0", bRateRatio);
        require(evalSteps >= 0, "eval steps", "at least 0", evalSteps);
        require(earlyStopping >= 0, "early stopping", "at least 0 validations", earlyStopping);
        require(saveSteps >= 0, "save steps", "at least 0", saveSteps);
        require(keepCheckpoints >= 1, "kept checkpoints", "at least 1", keepCheckpoints);
        require(loadBalance >= 0 && loadBalance < 10, "load balance", "at least 0 and less than 10", loadBalance);
    }

    private static void require(boolean holds, String name, String expected, Object found) {
        if (!holds) {
            throw BadInputException.ofSetting(name, expected, found);
        }
    }

    public static TrainingConfig defaults() {
        return new Builder().build();
    }

    /** Steps of linear rise in a run of so many steps. */
    public int warmupOf(int totalSteps) {
        return warmupSteps >= 0 ? Math.min(warmupSteps, totalSteps) : (int) Math.ceil(0.03 * totalSteps);
    }

    /** The learning rate of a step, counted from 1, in a run of so many steps. */
    public double learningRateAt(int step, int totalSteps) {
        int warmup = warmupOf(totalSteps);
        if (step <= warmup) {
            return learningRate * step / warmup;
        }
        double done = (double) (step - 1 - warmup) / Math.max(1, totalSteps - warmup);
        return switch (schedule) {
            case CONSTANT -> learningRate;
            case LINEAR -> learningRate * (1 - done);
            case COSINE -> learningRate * (1 + Math.cos(Math.PI * done)) / 2;
        };
    }

    /** A copy with some settings altered. */
    public TrainingConfig with(Consumer<Builder> change) {
        Builder builder = new Builder(this);
        change.accept(builder);
        return builder.build();
    }

    /** Settings under way; not thread-safe. */
    public static final class Builder {
        private int epochs = 3;
        private int maxSteps;
        private int maxLength = 1024;
        private int batchTokens;
        private int gradAccumulation = 1;
        private boolean packing = true;
        private double learningRate = 2e-4;
        private Schedule schedule = Schedule.COSINE;
        private int warmupSteps = -1;
        private double weightDecay;
        private double maxGradNorm = 1;
        private double beta1 = 0.9;
        private double beta2 = 0.999;
        private double epsilon = 1e-8;
        private double bRateRatio = 1;
        private int evalSteps;
        private int earlyStopping;
        private int saveSteps = 500;
        private int keepCheckpoints = 2;
        private double loadBalance;
        private boolean trainRouters;
        private long seed = 42;

        private Builder() {}

        private Builder(TrainingConfig c) {
            epochs = c.epochs;
            maxSteps = c.maxSteps;
            maxLength = c.maxLength;
            batchTokens = c.batchTokens;
            gradAccumulation = c.gradAccumulation;
            packing = c.packing;
            learningRate = c.learningRate;
            schedule = c.schedule;
            warmupSteps = c.warmupSteps;
            weightDecay = c.weightDecay;
            maxGradNorm = c.maxGradNorm;
            beta1 = c.beta1;
            beta2 = c.beta2;
            epsilon = c.epsilon;
            bRateRatio = c.bRateRatio;
            evalSteps = c.evalSteps;
            earlyStopping = c.earlyStopping;
            saveSteps = c.saveSteps;
            keepCheckpoints = c.keepCheckpoints;
            loadBalance = c.loadBalance;
            trainRouters = c.trainRouters;
            seed = c.seed;
        }

        public Builder epochs(int value) {
            epochs = value;
            return this;
        }

        public Builder maxSteps(int value) {
            maxSteps = value;
            return this;
        }

        /** Raises or lowers batchTokens to the same value; set that afterwards for longer rows. */
        public Builder maxLength(int value) {
            maxLength = value;
            batchTokens = value;
            return this;
        }

        public Builder batchTokens(int value) {
            batchTokens = value;
            return this;
        }

        public Builder gradAccumulation(int value) {
            gradAccumulation = value;
            return this;
        }

        public Builder packing(boolean value) {
            packing = value;
            return this;
        }

        public Builder learningRate(double value) {
            learningRate = value;
            return this;
        }

        public Builder schedule(Schedule value) {
            schedule = value;
            return this;
        }

        public Builder warmupSteps(int value) {
            warmupSteps = value;
            return this;
        }

        public Builder weightDecay(double value) {
            weightDecay = value;
            return this;
        }

        public Builder maxGradNorm(double value) {
            maxGradNorm = value;
            return this;
        }

        public Builder betas(double first, double second) {
            beta1 = first;
            beta2 = second;
            return this;
        }

        public Builder epsilon(double value) {
            epsilon = value;
            return this;
        }

        public Builder bRateRatio(double value) {
            bRateRatio = value;
            return this;
        }

        public Builder evalSteps(int value) {
            evalSteps = value;
            return this;
        }

        public Builder earlyStopping(int value) {
            earlyStopping = value;
            return this;
        }

        public Builder saveSteps(int value) {
            saveSteps = value;
            return this;
        }

        public Builder keepCheckpoints(int value) {
            keepCheckpoints = value;
            return this;
        }

        public Builder loadBalance(double value) {
            loadBalance = value;
            return this;
        }

        public Builder trainRouters(boolean value) {
            trainRouters = value;
            return this;
        }

        public Builder seed(long value) {
            seed = value;
            return this;
        }

        /** @throws BadInputException if a setting is out of its range */
        public TrainingConfig build() {
            return new TrainingConfig(
                    epochs,
                    maxSteps,
                    maxLength,
                    batchTokens == 0 ? maxLength : batchTokens,
                    gradAccumulation,
                    packing,
                    learningRate,
                    schedule,
                    warmupSteps,
                    weightDecay,
                    maxGradNorm,
                    beta1,
                    beta2,
                    epsilon,
                    bRateRatio,
                    evalSteps,
                    earlyStopping,
                    saveSteps,
                    keepCheckpoints,
                    loadBalance,
                    trainRouters,
                    seed);
        }
    }
}
