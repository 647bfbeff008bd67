package dev.chaku.eval;

import java.util.List;
import java.util.Optional;

/**
 * What an evaluation found.
 *
 * @param metric that variants are compared by
 * @param examples of the data set that were asked
 * @param variants in their order
 * @param comparisons of every two variants, by the metric
 * @param advice a sentence that says which to take, and why
 * @param checks of adapters, against what they are compared with: over-fitting, forgetting, copied passages; those that
 *     training data and general text allow
 * @param warnings what to look at: examples left out, answers cut short, checks that were not passed
 */
public record Evaluation(
        String metric,
        int examples,
        List<VariantResult> variants,
        List<Comparison> comparisons,
        String advice,
        List<Check> checks,
        List<String> warnings) {
    public Evaluation {
        variants = List.copyOf(variants);
        comparisons = List.copyOf(comparisons);
        checks = List.copyOf(checks);
        warnings = List.copyOf(warnings);
    }

    /**
     * {@return the result of a variant}
     *
     * @param name of the variant
     */
    public Optional<VariantResult> variant(String name) {
        return variants.stream().filter(result -> result.name().equals(name)).findFirst();
    }
}
