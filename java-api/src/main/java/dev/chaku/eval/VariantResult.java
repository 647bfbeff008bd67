package dev.chaku.eval;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * How one variant of a model did: the base with a bare prompt, with examples in the prompt, or with an adapter.
 *
 * @param name of the variant
 * @param metrics by name, in the order asked for; {@code loss} (nats a token of the reference) is among them
 * @param parts means of the parts of metrics, by {@code metric.part}
 * @param promptTokens tokens of a prompt, in the mean
 * @param answerTokens tokens of an answer, in the mean
 * @param seconds that the answers took, all together; 0 where none was generated
 * @param cutAnswers answers that were ended by the limit of tokens
 * @param confusionOrNull labels by labels, where answers are labels
 * @param copiedWords words of the longest passage of an answer that stands in the training data as it is; negative if
 *     no training data was given
 * @param generalLossOrNaN loss on the general text; NaN if none was given
 */
public record VariantResult(
        String name,
        Map<String, Estimate> metrics,
        Map<String, Double> parts,
        double promptTokens,
        double answerTokens,
        double seconds,
        int cutAnswers,
        @Nullable Confusion confusionOrNull,
        int copiedWords,
        double generalLossOrNaN) {
    public VariantResult {
        metrics = Collections.unmodifiableMap(new LinkedHashMap<>(metrics));
        parts = Collections.unmodifiableMap(new LinkedHashMap<>(parts));
    }

    /** {@return tokens of prompt and answer, in the mean} */
    public double tokensPerRequest() {
        return promptTokens + answerTokens;
    }

    /** {@return labels by labels; empty where answers are no labels} */
    public Optional<Confusion> confusion() {
        return Optional.ofNullable(confusionOrNull);
    }

    /** {@return words of the longest copied passage; empty if no training data was given} */
    public OptionalInt copied() {
        return copiedWords < 0 ? OptionalInt.empty() : OptionalInt.of(copiedWords);
    }
}
