package dev.chaku.train;

import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * Where a training stands after an optimizer step.
 *
 * @param step steps done
 * @param totalSteps steps in all
 * @param epoch passes over the data done, as a fraction
 * @param loss mean loss of the step: cross-entropy of its tokens in nats, or of its pairs or answers
 * @param smoothedLoss its running mean
 * @param balance load-balance loss of the step, where it is trained: the mean over layers of experts and micro-batches;
 *     as much as each token uses experts when all is even, more when not
 * @param margin of preferences: mean reward of the step's chosen or wanted answers less that of the others, where it
 *     has both; a reward is what the loss compares, times beta
 * @param accuracy of preferences: share of the step's pairs of which the chosen answer has the higher reward; of
 *     labelled answers, of those on their side of the reference point
 * @param evaluated whether this step ended with a validation
 * @param evalLoss the newest validation's loss, if there was one
 * @param evalAccuracy the share of validation tokens predicted right; of preferences as accuracy
 * @param evalMargin the newest validation's margin, of preferences
 * @param evalAnswers of the answers that the newest validation generated, the means of their metrics by name, such as
 *     {@code exact_match}; empty where none were generated
 * @param learningRate of the step
 * @param gradNorm before clipping
 * @param tokens tokens trained on since the start, earlier parts of a resumed run included
 * @param tokensPerSecond tokens of all steps of this process by the time that the steps took, evaluations left out
 * @param elapsed time spent since the start, earlier parts of a resumed run included
 * @param remaining estimated
 * @param skippedSteps steps without an update because a gradient was not finite
 * @param peakBytes most memory that the process has held so far, mapped weights included; 0 where the system does not
 *     tell
 */
public record TrainingProgress(
        int step,
        int totalSteps,
        double epoch,
        double loss,
        double smoothedLoss,
        OptionalDouble balance,
        OptionalDouble margin,
        OptionalDouble accuracy,
        boolean evaluated,
        OptionalDouble evalLoss,
        OptionalDouble evalAccuracy,
        OptionalDouble evalMargin,
        Map<String, Double> evalAnswers,
        double learningRate,
        double gradNorm,
        long tokens,
        double tokensPerSecond,
        Duration elapsed,
        Duration remaining,
        int skippedSteps,
        long peakBytes) {
    /** What stands before the names of metrics of answers in {@link #numbers}. */
    public static final String ANSWERS = "eval_answers_";

    public TrainingProgress {
        evalAnswers = Collections.unmodifiableMap(new LinkedHashMap<>(evalAnswers));
    }

    /** {@return the newest validation's perplexity; empty without one, and of preferences} */
    public OptionalDouble evalPerplexity() {
        return evalLoss.isPresent() && accuracy.isEmpty()
                ? OptionalDouble.of(Math.exp(evalLoss.getAsDouble()))
                : OptionalDouble.empty();
    }

    /** {@return what the step measured, by its names in log.jsonl; a new map, in their order} */
    public Map<String, Double> numbers() {
        Map<String, Double> numbers = new LinkedHashMap<>();
        numbers.put("epoch", epoch);
        numbers.put("loss", loss);
        numbers.put("smoothed_loss", smoothedLoss);
        numbers.put("learning_rate", learningRate);
        numbers.put("grad_norm", gradNorm);
        numbers.put("tokens_per_s", tokensPerSecond);
        numbers.put("elapsed_s", elapsed.toMillis() / 1000.0);
        balance.ifPresent(value -> numbers.put("balance", value));
        margin.ifPresent(value -> numbers.put("margin", value));
        accuracy.ifPresent(value -> numbers.put("accuracy", value));
        if (evaluated) {
            evalMargin.ifPresent(value -> numbers.put("eval_margin", value));
            numbers.put("eval_loss", evalLoss.orElseThrow());
            numbers.put("eval_accuracy", evalAccuracy.orElseThrow());
            evalPerplexity().ifPresent(value -> numbers.put("eval_perplexity", value));
            evalAnswers.forEach((name, value) -> numbers.put(ANSWERS + name, value));
        }
        return numbers;
    }
}
