package dev.chaku.internal.eval;

import dev.chaku.eval.Answer;
import dev.chaku.eval.Comparison;
import dev.chaku.eval.Confusion;
import dev.chaku.eval.Estimate;
import dev.chaku.eval.Metric;
import dev.chaku.eval.VariantResult;
import dev.chaku.generate.FinishReason;
import dev.chaku.internal.eval.measure.Resampling;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/** Adds up what the variants of an evaluation answered. Not thread-safe. */
public final class Tally {
    /** The loss among the metrics of a result. */
    public static final String LOSS = "loss";

    /** The share of questions of which the right choice was the likeliest. */
    public static final String CHOICE = "choice_accuracy";

    /**
     * What one question came to.
     *
     * @param answer the answer; its text is empty where none was generated
     * @param promptTokens of the question
     * @param answerTokens generated
     * @param seconds that generating took
     * @param referenceLogprob of the reference; its natural logarithm
     * @param referenceTokens of the reference
     * @param choiceScore 1 where the right choice was the likeliest, 0 where another was; NaN without choices
     */
    public record Outcome(
            Answer answer,
            int promptTokens,
            int answerTokens,
            double seconds,
            double referenceLogprob,
            int referenceTokens,
            double choiceScore) {}

    /** An outcome with its scores by metric. */
    private record Scored(Outcome outcome, Map<String, Double> scores) {}

    private final List<Metric> metrics;
    private final String deciding;
    private final long seed;
    private final Map<String, List<Scored>> outcomes = new LinkedHashMap<>();

    /**
     * Begins with nothing.
     *
     * @param metrics of generated answers; may be none
     * @param deciding the name of the metric that variants are compared by: one of those, {@link #LOSS} or
     *     {@link #CHOICE}
     * @param seed of the resampling
     */
    public Tally(List<Metric> metrics, String deciding, long seed) {
        this.metrics = List.copyOf(metrics);
        this.deciding = deciding;
        this.seed = seed;
    }

    /**
     * Adds what a question came to, which is scored here and nowhere else.
     *
     * @param variant that was asked
     * @param outcome of each the same questions, in the same order
     * @return its scores, by metric, as far as it has them
     */
    public Map<String, Double> add(String variant, Outcome outcome) {
        Map<String, Double> scores = scores(outcome);
        outcomes.computeIfAbsent(variant, unused -> new ArrayList<>()).add(new Scored(outcome, scores));
        return scores;
    }

    private Map<String, Double> scores(Outcome outcome) {
        Map<String, Double> scores = new LinkedHashMap<>();
        if (!Double.isNaN(outcome.choiceScore())) {
            scores.put(CHOICE, outcome.choiceScore());
        }
        for (Metric metric : metrics) {
            scores.put(metric.name(), metric.score(outcome.answer()));
        }
        return scores;
    }

    /**
     * {@return the result of a variant}
     *
     * @param variant of which outcomes were added
     * @param copiedWords as {@link VariantResult} has it
     * @param generalLoss likewise
     */
    public VariantResult result(String variant, int copiedWords, double generalLoss) {
        List<Scored> scored = outcomes.get(variant);
        List<Outcome> all = scored.stream().map(Scored::outcome).toList();
        Map<String, double[]> columns = columns(scored);
        double[] ones = new double[all.size()];
        Arrays.fill(ones, 1);
        Map<String, Estimate> estimates = new LinkedHashMap<>();
        columns.forEach((name, values) -> estimates.put(name, estimate(values, ones)));
        estimates.put(LOSS, loss(all));
        return new VariantResult(
                variant,
                estimates,
                parts(all),
                all.stream().mapToInt(Outcome::promptTokens).average().orElse(0),
                all.stream().mapToInt(Outcome::answerTokens).average().orElse(0),
                all.stream().mapToDouble(Outcome::seconds).sum(),
                (int) all.stream().filter(Tally::isCut).count(),
                metrics.stream().anyMatch(metric -> metric.name().equals("label_accuracy"))
                        ? Confusion.of(all.stream().map(Outcome::answer).toList())
                                .orElse(null)
                        : null,
                copiedWords,
                generalLoss);
    }

    private static boolean isCut(Outcome outcome) {
        return outcome.answerTokens() > 0 && outcome.answer().finishReason() == FinishReason.LENGTH;
    }

    /** Scores by metric, one for each outcome. */
    private static Map<String, double[]> columns(List<Scored> all) {
        Map<String, double[]> columns = new LinkedHashMap<>();
        for (int i = 0; i < all.size(); i++) {
            int row = i;
            all.get(i)
                    .scores()
                    .forEach((name, score) ->
                            columns.computeIfAbsent(name, unused -> new double[all.size()])[row] = score);
        }
        return columns;
    }

    private Map<String, Double> parts(List<Outcome> all) {
        Map<String, double[]> sums = new LinkedHashMap<>();
        for (Metric metric : metrics) {
            for (Outcome outcome : all) {
                metric.parts(outcome.answer()).forEach((part, score) -> {
                    double[] sum = sums.computeIfAbsent(metric.name() + "." + part, unused -> new double[2]);
                    sum[0] += score;
                    sum[1]++;
                });
            }
        }
        Map<String, Double> means = new LinkedHashMap<>();
        sums.forEach((part, sum) -> means.put(part, sum[0] / sum[1]));
        return means;
    }

    private Estimate estimate(double[] values, double[] weights) {
        double mean = Arrays.stream(values).sum() / Arrays.stream(weights).sum();
        Resampling.Interval interval = Resampling.ofMean(values, weights, seed);
        return new Estimate(mean, interval.low(), interval.high(), values.length);
    }

    private Estimate loss(List<Outcome> all) {
        return estimate(
                all.stream().mapToDouble(one -> -one.referenceLogprob()).toArray(),
                all.stream().mapToDouble(Outcome::referenceTokens).toArray());
    }

    /** {@return every two variants beside each other, by the deciding metric} */
    public List<Comparison> comparisons() {
        List<String> names = List.copyOf(outcomes.keySet());
        List<Comparison> comparisons = new ArrayList<>();
        for (int i = 0; i < names.size(); i++) {
            for (int j = i + 1; j < names.size(); j++) {
                comparisons.add(compare(names.get(i), names.get(j)));
            }
        }
        return comparisons;
    }

    private Comparison compare(String a, String b) {
        double[] before = deciding(outcomes.get(a));
        double[] after = deciding(outcomes.get(b));
        double[] differences = new double[before.length];
        double[] ones = new double[before.length];
        for (int i = 0; i < before.length; i++) {
            differences[i] = after[i] - before[i];
            ones[i] = 1;
        }
        Estimate mean = estimate(differences, ones);
        return new Comparison(
                a, b, deciding, mean.mean(), mean.low(), mean.high(), Resampling.signedTest(differences, seed));
    }

    /** Of the loss its negative, a token, so that more is better. */
    private double[] deciding(List<Scored> all) {
        return deciding.equals(LOSS)
                ? all.stream()
                        .map(Scored::outcome)
                        .mapToDouble(one -> one.referenceLogprob() / one.referenceTokens())
                        .toArray()
                : all.stream().mapToDouble(one -> one.scores().get(deciding)).toArray();
    }

    /**
     * {@return a sentence that says which variant to take}
     *
     * @param results of the variants
     * @param comparisons of every two of them
     * @param isAdapter whether a variant of that name wears an adapter
     */
    public String advice(List<VariantResult> results, List<Comparison> comparisons, Predicate<String> isAdapter) {
        return new Advice(deciding, results, comparisons, isAdapter).text();
    }
}
