package dev.chaku.internal.eval;

import dev.chaku.eval.Comparison;
import dev.chaku.eval.VariantResult;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;

/** Says in a sentence which variant to take, from what was measured alone. */
final class Advice {
    private static final int FEW = 30;

    private final String metric;
    private final List<VariantResult> variants;
    private final List<Comparison> comparisons;
    private final Predicate<String> isAdapter;

    /** @param isAdapter whether a variant of that name wears an adapter */
    Advice(String metric, List<VariantResult> variants, List<Comparison> comparisons, Predicate<String> isAdapter) {
        this.metric = metric;
        this.variants = variants;
        this.comparisons = comparisons;
        this.isAdapter = isAdapter;
    }

    String text() {
        if (variants.size() < 2) {
            VariantResult one = variants.get(0);
            return String.format(
                    Locale.ROOT,
                    "%s has %s of %.3f; compare it with others (bare, few-shot:8, an adapter) to know whether that is much.",
                    one.name(),
                    metric,
                    mean(one));
        }
        VariantResult best =
                variants.stream().max(Comparator.comparingDouble(this::worth)).orElseThrow();
        List<VariantResult> asGood = variants.stream()
                .filter(other -> other == best || !isSurelyBelow(other, best))
                .toList();
        VariantResult cheapest = asGood.stream()
                .min(Comparator.comparingDouble(VariantResult::tokensPerRequest))
                .orElseThrow();
        String advice = asGood.size() == 1 ? alone(best) : equal(asGood, cheapest);
        int examples = best.metrics().get(metric).examples();
        return examples >= FEW
                ? advice
                : advice + String.format(Locale.ROOT, " %d examples are few: with more, this may turn.", examples);
    }

    private String alone(VariantResult best) {
        VariantResult second = variants.stream()
                .filter(other -> other != best)
                .max(Comparator.comparingDouble(this::worth))
                .orElseThrow();
        Comparison between = between(second, best);
        String kind = isAdapter.test(best.name())
                ? "fine-tuning pays"
                : best.name().equals("bare")
                        ? "the base needs neither examples nor training for this"
                        : "examples in the prompt pay, and no adapter measured here does as well";
        return String.format(
                Locale.ROOT,
                "Take %s: %s is %.3f where the next, %s, has %.3f (p = %.2g), at %.0f tokens a request against %.0f; %s.",
                best.name(),
                metric,
                mean(best),
                second.name(),
                mean(second),
                between.p(),
                best.tokensPerRequest(),
                second.tokensPerRequest(),
                kind);
    }

    private String equal(List<VariantResult> asGood, VariantResult cheapest) {
        VariantResult dearest = asGood.stream()
                .max(Comparator.comparingDouble(VariantResult::tokensPerRequest))
                .orElseThrow();
        StringBuilder names = new StringBuilder();
        for (VariantResult one : asGood) {
            names.append(names.length() == 0 ? "" : ", ")
                    .append(String.format(Locale.ROOT, "%s (%.3f)", one.name(), mean(one)));
        }
        return String.format(
                Locale.ROOT,
                "Take %s: by %s no difference beyond chance shows between %s, and it takes the fewest tokens a request, %.0f against %.0f of %s.",
                cheapest.name(),
                metric,
                names,
                cheapest.tokensPerRequest(),
                dearest.tokensPerRequest(),
                dearest.name());
    }

    /** More is better. */
    private double worth(VariantResult result) {
        return metric.equals(Tally.LOSS) ? -mean(result) : mean(result);
    }

    private double mean(VariantResult result) {
        return result.metrics().get(metric).mean();
    }

    private boolean isSurelyBelow(VariantResult other, VariantResult best) {
        return between(other, best).isSure();
    }

    private Comparison between(VariantResult a, VariantResult b) {
        return comparisons.stream()
                .filter(one -> one.a().equals(a.name()) && one.b().equals(b.name())
                        || one.a().equals(b.name()) && one.b().equals(a.name()))
                .findFirst()
                .orElseThrow();
    }
}
