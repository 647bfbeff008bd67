package dev.chaku.internal.train;

import dev.chaku.internal.engine.StepResult;
import dev.chaku.internal.io.ProcessMemory;
import dev.chaku.train.TrainingProgress;
import java.time.Duration;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.TreeMap;

/** Counts and times a run's steps. Not thread-safe. */
final class ProgressMeter {
    /** The counter of steps without an update, in checkpoints. */
    static final String SKIPPED = "skipped";

    /** Before the names of metrics of answers, in checkpoints. */
    private static final String ANSWERS = "eval_answers ";

    private static final double SMOOTHING = 0.9;

    private final int totalSteps;
    private final int firstStep;
    private final long startNs = System.nanoTime();
    private long lastNs = startNs;
    private long earlierNs;
    /** When the first step of this process ended: it warms up and says little of the others. */
    private long firstStepEndNs;

    private long stepsNs;
    private long stepsTokens;
    private RunPosition position;
    private double epoch;
    private double loss;
    private double smoothedSum;
    private double smoothedWeight;
    private double rate;
    private double gradNorm;
    private long tokens;
    private int skipped;
    private OptionalDouble balance = OptionalDouble.empty();
    private OptionalDouble margin = OptionalDouble.empty();
    private OptionalDouble accuracy = OptionalDouble.empty();
    private OptionalDouble evalMargin = OptionalDouble.empty();
    private Map<String, Double> evalAnswers = Map.of();
    private OptionalDouble evalLoss = OptionalDouble.empty();
    private OptionalDouble evalAccuracy = OptionalDouble.empty();

    ProgressMeter(int totalSteps, RunPosition from) {
        this.totalSteps = totalSteps;
        this.firstStep = from.step();
        this.position = from;
    }

    void step(RunPosition to, int rowsPerEpoch, double stepLoss, long stepTokens, double stepRate, StepResult result) {
        long now = System.nanoTime();
        if (stepsNs == 0) {
            firstStepEndNs = now;
        }
        stepsNs += Math.max(1, now - lastNs);
        stepsTokens += stepTokens;
        lastNs = now;
        tokens += stepTokens;
        position = to;
        epoch = to.epoch() + (double) to.row() / rowsPerEpoch;
        loss = stepLoss;
        if (Double.isFinite(stepLoss)) {
            smoothedSum = SMOOTHING * smoothedSum + stepLoss;
            smoothedWeight = SMOOTHING * smoothedWeight + 1;
        }
        rate = stepRate;
        gradNorm = result.gradNorm();
        skipped += result.skipped() ? 1 : 0;
    }

    /** The load-balance loss of the step that was just told. */
    void balance(double stepBalance) {
        balance = OptionalDouble.of(stepBalance);
    }

    /** What the preferences of the step that was just told say. */
    void preferences(OptionalDouble stepMargin, double stepAccuracy) {
        margin = stepMargin;
        accuracy = OptionalDouble.of(stepAccuracy);
    }

    void evaluation(Validation validation, Map<String, Double> answers) {
        evalAnswers = Map.copyOf(answers);
        evalMargin = validation.margin();
        evalLoss = OptionalDouble.of(validation.loss());
        evalAccuracy = OptionalDouble.of(validation.accuracy());
        resetClock();
    }

    /** What came between two steps and is not training counts for no step's time. */
    void resetClock() {
        lastNs = System.nanoTime();
    }

    private double smoothedLoss() {
        return smoothedWeight == 0 ? loss : smoothedSum / smoothedWeight;
    }

    TrainingProgress progress(boolean evaluated) {
        Duration sinceStart = Duration.ofNanos(System.nanoTime() - startNs);
        Duration elapsed = sinceStart.plusNanos(earlierNs);
        Duration remaining = remaining();
        return new TrainingProgress(
                position.step(),
                totalSteps,
                epoch,
                loss,
                smoothedLoss(),
                balance,
                margin,
                accuracy,
                evaluated,
                evalLoss,
                evalAccuracy,
                evalMargin,
                new TreeMap<>(evalAnswers),
                rate,
                gradNorm,
                tokens,
                stepsTokens * 1e9 / Math.max(1, stepsNs),
                elapsed,
                remaining,
                skipped,
                ProcessMemory.peakBytes());
    }

    /**
     * From the time since the first step ended, evaluations and checkpoints included; after one step, from that one.
     */
    private Duration remaining() {
        int done = position.step() - firstStep;
        long left = totalSteps - position.step();
        if (done <= 1) {
            return Duration.ofNanos(stepsNs * left);
        }
        return Duration.ofNanos(System.nanoTime() - firstStepEndNs)
                .multipliedBy(left)
                .dividedBy(done - 1);
    }

    void save(Map<String, String> counters) {
        counters.put("loss", Double.toString(loss));
        counters.put("smoothed_sum", Double.toString(smoothedSum));
        counters.put("smoothed_weight", Double.toString(smoothedWeight));
        counters.put("tokens", Long.toString(tokens));
        counters.put("elapsed_ns", Long.toString(earlierNs + System.nanoTime() - startNs));
        counters.put(SKIPPED, Integer.toString(skipped));
        evalAnswers.forEach((name, value) -> counters.put(ANSWERS + name, Double.toString(value)));
        evalLoss.ifPresent(value -> counters.put("eval_loss", Double.toString(value)));
        evalMargin.ifPresent(value -> counters.put("eval_margin", Double.toString(value)));
        evalAccuracy.ifPresent(value -> counters.put("eval_accuracy", Double.toString(value)));
    }

    void restore(Map<String, String> counters) {
        loss = Double.parseDouble(counters.get("loss"));
        smoothedSum = Double.parseDouble(counters.get("smoothed_sum"));
        smoothedWeight = Double.parseDouble(counters.get("smoothed_weight"));
        tokens = Long.parseLong(counters.get("tokens"));
        earlierNs = Long.parseLong(counters.get("elapsed_ns"));
        skipped = Integer.parseInt(counters.get(SKIPPED));
        Map<String, Double> answers = new TreeMap<>();
        counters.forEach((name, value) -> {
            if (name.startsWith(ANSWERS)) {
                answers.put(name.substring(ANSWERS.length()), Double.parseDouble(value));
            }
        });
        evalAnswers = answers;
        if (counters.containsKey("eval_loss")) {
            evalLoss = OptionalDouble.of(Double.parseDouble(counters.get("eval_loss")));
            evalAccuracy = OptionalDouble.of(Double.parseDouble(counters.get("eval_accuracy")));
            evalMargin = counters.containsKey("eval_margin")
                    ? OptionalDouble.of(Double.parseDouble(counters.get("eval_margin")))
                    : OptionalDouble.empty();
        }
    }
}
