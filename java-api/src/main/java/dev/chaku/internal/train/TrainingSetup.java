package dev.chaku.internal.train;

import dev.chaku.data.PackedRows;
import dev.chaku.data.Packer;
import dev.chaku.internal.engine.EngineTrainer;
import dev.chaku.internal.engine.TrainerOptions;
import dev.chaku.train.Keeping;
import dev.chaku.train.Method;
import dev.chaku.train.TrainingConfig;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * All that a run is given. Immutable.
 *
 * @param method what is trained of the model
 * @param start what it goes on from, of LoRA alone; null for a new adapter
 */
public record TrainingSetup(
        BaseModel model,
        Method method,
        TrainingConfig config,
        TrainingData data,
        @Nullable StartingAdapter start) {

    /** A training that begins with nothing learned. */
    public TrainingSetup(BaseModel model, Method method, TrainingConfig config, TrainingData data) {
        this(model, method, config, data, null);
    }

    /** The same with other settings. */
    public TrainingSetup with(TrainingConfig other) {
        return new TrainingSetup(model, method, other, data, start);
    }

    /** The same by another method. */
    TrainingSetup with(Method other) {
        return new TrainingSetup(model, other, config, data, start);
    }

    /** The same with all settings decided that are left to the run. */
    public TrainingSetup decided() {
        if (!(trainable() instanceof TrainableAdapter adapter) || !adapter.leavesStepsToTheRun()) {
            return this;
        }
        int rows = firstEpoch().size();
        double tokensPerStep = (double) data.examples().tokens()
                / Math.max(1, rows)
                * config.batching().gradAccumulation();
        int totalSteps = config.batching().totalSteps(rows);
        return new TrainingSetup(model, adapter.decided(tokensPerStep, totalSteps), config, data, start);
    }

    /** What the run will have on disk at once: the result, the checkpoints kept and the one being written. */
    public long bytesOnDisk() {
        long values = trainable().resultValues() * Float.BYTES;
        Keeping keeping = config.keeping();
        long checkpoints = keeping.saveSteps() > 0 ? (keeping.keepCheckpoints() + 1L) * checkpointBytes() : 0;
        long best = keeping.stopsEarly() ? 2 * values : 0;
        long reference = config.loss().needsReference()
                ? ReferenceScores.NUMBER_BYTES
                        * (data.examples().size() + data.evalExamples().size())
                : 0;
        return values + checkpoints + best + reference;
    }

    /** What a checkpoint takes on disk. */
    public long checkpointBytes() {
        return Float.BYTES
                * (trainable().parameters() * state().size()
                        + (trainable().isAdapter() ? trainable().resultValues() : 0));
    }

    /** Brings what it goes on from to a trainer that has just been made. */
    public void begin(EngineTrainer core) {
        if (start != null) {
            start.writeTo(core, (TrainableAdapter) trainable());
        }
    }

    /** What is changed of the model. */
    public Trainable trainable() {
        return Trainable.of(method, model, config.experts());
    }

    /**
     * What the core is told.
     *
     * @param memoryLimitBytes for the core alone, 0 for what the machine has
     */
    public TrainerOptions options(long memoryLimitBytes) {
        return trainable()
                .options(longestRow(), config.seed(), memoryLimitBytes)
                .with(
                        switch (config.optimizer().kind()) {
                            case ADAMW -> TrainerOptions.Optimizer.ADAMW;
                            case ADAMW_8BIT -> TrainerOptions.Optimizer.ADAMW_8BIT;
                            case LION -> TrainerOptions.Optimizer.LION;
                            case LION_8BIT -> TrainerOptions.Optimizer.LION_8BIT;
                        })
                .withEmbeddingNoise((float) config.neftune());
    }

    /** All of each parameter that a resumed run needs, as float32 whatever the moments are kept in. */
    List<EngineTrainer.Slot> state() {
        boolean two = config.optimizer().kind().moments() == 2;
        return trainable().state().stream()
                .filter(slot -> two || slot != EngineTrainer.Slot.MOMENT2)
                .toList();
    }

    public Packer packer() {
        return new Packer(
                rowTokens(),
                config.batching().packing(),
                config.seed(),
                data.groups().together());
    }

    /**
     * Most tokens of a row. Rows of one sequence, unless longer ones are asked for, are no longer than the model's
     * sequences may be; what belongs together finds room in one row.
     */
    public int rowTokens() {
        int asked = config.batching().batchTokens() == config.batching().maxLength()
                ? Math.min(config.batching().batchTokens(), model.contextLength())
                : config.batching().batchTokens();
        return data.groups().together() == 1 ? asked : Math.max(asked, data.longestTogether());
    }

    /** The rows of the first epoch; every epoch has as many, and none is longer than the longest of these. */
    public PackedRows firstEpoch() {
        return packer().epoch(data.examples(), 0);
    }

    /** Rows of short data may not fill what is allowed. */
    private int longestRow() {
        return Math.max(firstEpoch().longest(), evalRows().longest());
    }

    /** The validation's rows, the same each time. */
    public PackedRows evalRows() {
        return packer().pack(data.evalExamples());
    }
}
