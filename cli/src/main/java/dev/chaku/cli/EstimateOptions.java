package dev.chaku.cli;

import dev.chaku.Model;
import dev.chaku.Trainer;
import dev.chaku.TrainingSpeed;
import dev.chaku.data.EncodedExample;
import dev.chaku.data.doctor.DataStats;
import dev.chaku.data.doctor.TrainingEstimate;
import dev.chaku.errors.BadInputException;
import dev.chaku.errors.ResourceException;
import dev.chaku.train.LoraConfig;
import dev.chaku.train.SmallData;
import dev.chaku.train.TrainingConfig;
import dev.chaku.train.TrainingPlan;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What training on the data would take: the settings, and the estimate. */
final class EstimateOptions {
    private static final Duration BUDGET = Duration.ofSeconds(3);
    /** Steps of a whole training are as a rule slower than the fastest that were measured, rarely by more than this. */
    private static final double SLOWER = 1.3;

    @Option(
            names = "--epochs",
            paramLabel = "N",
            description =
                    "Passes over the data that the estimate is for (3, or as many as train takes where the data are few).")
    private Integer epochs;

    @Option(
            names = "--rank",
            defaultValue = "16",
            paramLabel = "R",
            description = "LoRA rank that the estimate is for (${DEFAULT-VALUE}).")
    private int rank;

    @Option(names = "--no-timing", description = "Do not measure some training steps to estimate the time.")
    private boolean noTiming;

    @Mixin
    private EngineOptions engine;

    /** @throws BadInputException if a number is out of its range */
    void validate() {
        if (epochs != null && epochs < 1) {
            throw BadInputException.ofSetting("epochs", "at least 1", epochs);
        }
        LoraConfig.rank(rank);
        engine.modelOptions();
    }

    TrainingEstimate estimate(DataStats stats, Optional<Path> model, Console console) {
        int[] kept = Arrays.stream(stats.lengths())
                .map(length -> Math.min(length, stats.maxLength()))
                .toArray();
        long tokens = Arrays.stream(kept).asLongStream().sum();
        long trained = Math.round(stats.coverage() * tokens);
        TrainingConfig config = config(stats, kept, tokens);
        LoraConfig lora = LoraConfig.rank(rank);
        TrainingEstimate.Memory memory = null;
        TrainingEstimate.Time time = null;
        String missing = "memory and time: name the --model for them";
        if (model.isPresent() && tokens > 0) {
            try (Model opened = Model.open(model.get(), engine.modelOptions())) {
                missing = "";
                int row = (int) Math.min(tokens, config.batching().batchTokens());
                memory = memory(opened, lora, row);
                boolean timed = !noTiming && memory.training() <= memory.available();
                double share = (double) trained / tokens;
                time = timed
                        ? time(opened, lora, row, tokens * config.batching().epochs(), share, console)
                        : null;
            } catch (BadInputException | ResourceException e) {
                missing = "memory or time: " + e.getMessage();
            }
        }
        int rows = TrainingEstimate.rows(kept, config.batching().batchTokens());
        return new TrainingEstimate(
                "LoRA of rank " + rank,
                config.batching().epochs(),
                config.batching().batchTokens(),
                tokens,
                trained,
                rows,
                rows,
                memory,
                time,
                missing,
                stats.measured());
    }

    /** What {@code train} takes for these data where nothing else is said. */
    private TrainingConfig config(DataStats stats, int[] kept, long tokens) {
        TrainingConfig start = TrainingConfig.defaults().with(c -> c.maxLength(stats.maxLength()));
        return SmallData.suit(
                epochs == null ? start : start.with(c -> c.epochs(epochs)),
                epochs == null ? EnumSet.allOf(SmallData.class) : EnumSet.of(SmallData.ROWS),
                () -> Arrays.stream(kept).max().orElse(0),
                tokens,
                c -> TrainingEstimate.rows(kept, c.batching().batchTokens())
                        * c.batching().epochs());
    }

    /** The core's own plan, for one row as long as the longest will be. */
    private static TrainingEstimate.Memory memory(Model model, LoraConfig lora, int row) {
        float[] weights = new float[row];
        weights[0] = 1;
        TrainingPlan plan = Trainer.on(model)
                .lora(lora)
                .config(TrainingConfig.defaults().with(c -> c.maxLength(row)))
                .examples(List.of(new EncodedExample(new int[row], weights)))
                .plan();
        return new TrainingEstimate.Memory(
                plan.memory().weights(), plan.memory().training(), plan.memory().available());
    }

    private TrainingEstimate.Time time(
            Model model, LoraConfig lora, int row, long tokens, double share, Console console) {
        console.note("measuring some training steps ...");
        TrainingSpeed speed = TrainingSpeed.measure(model, lora, row, share, BUDGET);
        double all = (double) tokens / speed.rowTokens();
        String how = String.format(
                Locale.ROOT,
                "measured: %d training steps of %d tokens on this machine, %.3g s each (%.3g to %.3g), %.0f tokens/s%s",
                speed.steps(),
                speed.rowTokens(),
                speed.medianSeconds(),
                speed.fastestSeconds(),
                speed.slowestSeconds(),
                speed.rowTokens() / speed.medianSeconds(),
                speed.rowTokens() < row ? "; rows of " + row + " tokens take a little less for each token" : "");
        return new TrainingEstimate.Time(
                all * speed.medianSeconds(), all * speed.fastestSeconds(), all * speed.slowestSeconds() * SLOWER, how);
    }
}
