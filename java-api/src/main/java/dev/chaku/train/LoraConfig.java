package dev.chaku.train;

import static dev.chaku.train.Setting.require;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The shape of a LoRA adapter: y += scale * (x A^T) B^T beside each target's product, with A [rank, K] and B [N, rank].
 * Source: Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", 2021.
 *
 * @param rank R, 1 to 1024
 * @param alpha the scale is alpha / rank, or alpha / sqrt(rank) with rsLora; more than 0
 * @param rsLora rank-stabilised scale (Kalajdzievski, 2023)
 * @param dropout probability of dropping an input of A while training, in [0, 1)
 * @param targets the products that are adapted; at least one, here or by a pattern of the rules
 * @param rules how products of the targets differ
 * @param variant what becomes of the sum of weight and low-rank product
 * @param mergeAware the file that the adapter is trained to be merged into; null to be worn, or merged without loss
 * @param saved modules that are trained whole beside it; not with mergeAware or PiSSA
 */
public record LoraConfig(
        int rank,
        double alpha,
        boolean rsLora,
        double dropout,
        Set<LoraTarget> targets,
        ProductRules rules,
        LoraVariant variant,
        @Nullable MergeAware mergeAware,
        Set<SavedModule> saved)
        implements Method {
    private static final int MOST_RANK = 1024;

    public LoraConfig {
        requireRank(rank);
        requireAlpha(alpha);
        require(
                variant == LoraVariant.LORA || mergeAware == null,
                "merge aware",
                "none with method " + variant.label(),
                mergeAware == null ? "" : mergeAware.format());
        require(dropout >= 0 && dropout < 1, "dropout", "at least 0 and less than 1", dropout);
        require(!targets.isEmpty() || !rules.products().isEmpty(), "targets", "at least one", targets);
        require(
                saved.isEmpty() || (mergeAware == null && variant != LoraVariant.PISSA),
                "modules to save",
                "none with " + (mergeAware == null ? "method pissa" : "merge aware " + mergeAware.format()),
                labels(saved));
        targets = Set.copyOf(targets);
        saved = Set.copyOf(saved);
    }

    private static String labels(Set<SavedModule> modules) {
        return Arrays.stream(SavedModule.values())
                .filter(modules::contains)
                .map(SavedModule::label)
                .collect(Collectors.joining(","));
    }

    static void requireRank(int rank) {
        require(rank >= 1 && rank <= MOST_RANK, "rank", "1 to " + MOST_RANK, rank);
    }

    static void requireAlpha(double alpha) {
        require(alpha > 0 && Double.isFinite(alpha), "alpha", "more than 0", alpha);
    }

    /**
     * {@return a rank with the usual rest: alpha twice the rank, no dropout, the seven products of every layer}
     *
     * @param rank at least 1
     */
    public static LoraConfig rank(int rank) {
        return new LoraConfig(
                rank,
                2.0 * rank,
                false,
                0,
                LoraTarget.allLinear(),
                ProductRules.NONE,
                LoraVariant.LORA,
                null,
                Set.of());
    }

    /**
     * {@return a copy of another rank, with the same alpha}
     *
     * @param newRank at least 1
     */
    public LoraConfig withRank(int newRank) {
        return new LoraConfig(newRank, alpha, rsLora, dropout, targets, rules, variant, mergeAware, saved);
    }

    /**
     * {@return a copy with another alpha}
     *
     * @param newAlpha above 0
     */
    public LoraConfig withAlpha(double newAlpha) {
        return new LoraConfig(rank, newAlpha, rsLora, dropout, targets, rules, variant, mergeAware, saved);
    }

    /**
     * {@return a copy that divides alpha by the square root of the rank, or by the rank}
     *
     * @param on whether it is so
     */
    public LoraConfig withRsLora(boolean on) {
        return new LoraConfig(rank, alpha, on, dropout, targets, rules, variant, mergeAware, saved);
    }

    /**
     * {@return a copy with another share of inputs that a step leaves out}
     *
     * @param newDropout in [0, 1)
     */
    public LoraConfig withDropout(double newDropout) {
        return new LoraConfig(rank, alpha, rsLora, newDropout, targets, rules, variant, mergeAware, saved);
    }

    /**
     * {@return a copy that adapts other products}
     *
     * @param newTargets at least one
     */
    public LoraConfig withTargets(Set<LoraTarget> newTargets) {
        return new LoraConfig(
                rank,
                alpha,
                rsLora,
                dropout,
                newTargets.isEmpty() ? newTargets : EnumSet.copyOf(newTargets),
                rules,
                variant,
                mergeAware,
                saved);
    }

    /**
     * {@return a copy that is trained to be merged into a file, or is not}
     *
     * @param newMergeAware the formats of that file; null: none
     */
    public LoraConfig withMergeAware(@Nullable MergeAware newMergeAware) {
        return new LoraConfig(rank, alpha, rsLora, dropout, targets, rules, variant, newMergeAware, saved);
    }

    /**
     * {@return a copy whose products differ otherwise}
     *
     * @param newRules {@link ProductRules#NONE} for all alike
     */
    public LoraConfig withRules(ProductRules newRules) {
        return new LoraConfig(rank, alpha, rsLora, dropout, targets, newRules, variant, mergeAware, saved);
    }

    /**
     * {@return a copy of another variant}
     *
     * @param newVariant LoRA as it is, or DoRA
     */
    public LoraConfig withVariant(LoraVariant newVariant) {
        return new LoraConfig(rank, alpha, rsLora, dropout, targets, rules, newVariant, mergeAware, saved);
    }

    /**
     * {@return a copy beside which modules are trained whole}
     *
     * @param modules none for LoRA alone
     */
    public LoraConfig withSaved(SavedModule... modules) {
        return withSaved(Set.of(modules));
    }

    /**
     * {@return a copy beside which modules are trained whole}
     *
     * @param modules none for LoRA alone
     */
    public LoraConfig withSaved(Set<SavedModule> modules) {
        return new LoraConfig(rank, alpha, rsLora, dropout, targets, rules, variant, mergeAware, modules);
    }

    /** {@return what the low-rank product is multiplied with, where no rule says otherwise} */
    public double scale() {
        return scale(alpha, rank);
    }

    /**
     * {@return the rank of a product}
     *
     * @param name as GGUF files have it, for instance {@code blk.3.ffn_down}
     */
    public int rankOf(String name) {
        return rules.rank(name).orElse(rank);
    }

    /**
     * {@return what the low-rank product beside a product is multiplied with}
     *
     * @param name as GGUF files have it
     */
    public double scaleOf(String name) {
        return scale(rules.alpha(name).orElse(alpha), rankOf(name));
    }

    private double scale(double productAlpha, int productRank) {
        return productAlpha / (rsLora ? Math.sqrt(productRank) : productRank);
    }

    @Override
    public List<Setting> settings() {
        List<Setting> settings = new ArrayList<>(List.of(
                Setting.of("mode", variant.label()),
                Setting.of("rank", rank),
                Setting.of("alpha", alpha),
                Setting.of("rs_lora", rsLora),
                Setting.of("dropout", dropout),
                Setting.of(
                        "targets",
                        Arrays.stream(LoraTarget.values())
                                .filter(targets::contains)
                                .map(LoraTarget::label)
                                .collect(Collectors.joining(",")))));
        settings.addAll(rules.settings());
        if (!saved.isEmpty()) {
            settings.add(Setting.of("modules_to_save", labels(saved)));
        }
        if (mergeAware != null) {
            settings.addAll(mergeAware.settings());
        }
        return settings;
    }
}
