package dev.chaku;

import dev.chaku.data.EncodedExample;
import dev.chaku.errors.ResourceException;
import dev.chaku.internal.engine.EngineTrainer;
import dev.chaku.internal.engine.StepOptions;
import dev.chaku.internal.engine.TrainingBatch;
import dev.chaku.internal.train.TrainingData;
import dev.chaku.internal.train.TrainingSetup;
import dev.chaku.train.LoraConfig;
import dev.chaku.train.TrainingConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * How fast this machine trains a model, from a few optimizer steps on random tokens whose result is thrown away.
 *
 * @param rowTokens tokens of a step; fewer than asked for where whole rows would have taken too long
 * @param steps that were timed, after one that was not
 * @param fastestSeconds of a step
 * @param medianSeconds of a step
 * @param slowestSeconds of a step
 */
public record TrainingSpeed(
        int rowTokens, int steps, double fastestSeconds, double medianSeconds, double slowestSeconds) {
    private static final int PROBE_TOKENS = 64;
    private static final int FEWEST_STEPS = 2;
    private static final int MOST_STEPS = 8;

    /**
     * Measures LoRA training. Trains nothing: the model stays as it is and no file is written.
     *
     * @param model the model, which stays open meanwhile
     * @param lora what would be trained; null for all weights
     * @param rowTokens tokens of a row, at least 2
     * @param trainedShare of them in the loss, 0 to 1
     * @param budget about so long; rows are shortened where a few steps would take longer
     * @return the speed
     * @throws ResourceException if memory does not suffice
     */
    public static TrainingSpeed measure(
            Model model, LoraConfig lora, int rowTokens, double trainedShare, Duration budget) {
        double budgetSeconds = budget.toNanos() / 1e9;
        int probe = Math.min(rowTokens, PROBE_TOKENS);
        TrainingSpeed first = run(model, lora, probe, trainedShare, budgetSeconds / 4);
        double affordable = probe * budgetSeconds / ((FEWEST_STEPS + 1) * first.medianSeconds());
        int tokens = (int) Math.min(rowTokens, Math.max(probe, affordable));
        return tokens == probe ? first : run(model, lora, tokens, trainedShare, budgetSeconds);
    }

    private static TrainingSpeed run(
            Model model, LoraConfig lora, int tokens, double trainedShare, double budgetSeconds) {
        TrainingConfig config = TrainingConfig.defaults().with(c -> c.maxLength(tokens));
        EncodedExample row = row(model.vocabSize(), tokens, trainedShare);
        TrainingData.Room memory = new TrainingData.Room(Long.MAX_VALUE, Path.of(""));
        TrainingData data = TrainingData.of(model.base(), config, memory, List.of(row), List.of());
        TrainingSetup setup = new TrainingSetup(model.base(), lora, config, data);
        int[] targets = Arrays.copyOfRange(row.tokens(), 1, tokens + 1);
        TrainingBatch batch = new TrainingBatch(0, row.tokens(), targets, row.weights(), new int[] {0, tokens});
        StepOptions options = new StepOptions(0, 0.9f, 0.999f, 1e-8f, 0, 1, 1, 0);
        List<Double> seconds = new ArrayList<>();
        try (EngineTrainer trainer =
                model.core().trainer(setup.options(model.options().memoryLimitBytes()))) {
            long start = System.nanoTime();
            long before = start;
            for (int step = 0; step <= MOST_STEPS; step++) {
                trainer.accumulate(batch);
                trainer.step(options);
                long now = System.nanoTime();
                if (step > 0) {
                    seconds.add((now - before) / 1e9);
                }
                before = now;
                if (step >= FEWEST_STEPS && (now - start) / 1e9 > budgetSeconds) {
                    break;
                }
            }
        }
        seconds.sort(null);
        int n = seconds.size();
        return new TrainingSpeed(tokens, n, seconds.get(0), seconds.get(n / 2), seconds.get(n - 1));
    }

    private static EncodedExample row(int vocabSize, int tokens, double trainedShare) {
        float[] weights = new float[tokens];
        double due = 1; // One at least.
        for (int i = 0; i < tokens - 1; i++) {
            due += trainedShare;
            if (due >= 1) {
                weights[i] = 1;
                due -= 1;
            }
        }
        return new EncodedExample(new Random(1).ints(tokens, 0, vocabSize).toArray(), weights);
    }
}
