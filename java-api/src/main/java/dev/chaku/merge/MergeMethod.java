package dev.chaku.merge;

import dev.chaku.errors.BadInputException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * How adapters become one. An adapter i of weight w has the factors A, B and the scale s at a product, and adds
 * {@code w s B A} to it; where it has none it counts as zero.
 *
 * <p>Methods on factors ({@code linear} and those named without {@code _svd}) multiply each A by sign(w s) √|w s| and
 * each B by √|w s| and combine the As and the Bs, as PEFT's add_weighted_adapter does. Their result is not the sum of
 * the products: B₁A₂ and B₂A₁ come into it. They need equal ranks. {@code cat}, {@code svd}, {@code slerp} and those
 * named with {@code _svd} combine the products, for adapters of any rank.
 */
public sealed interface MergeMethod {
    /** Sums of the weighted factors. On factors. */
    record Linear() implements MergeMethod {
        @Override
        public String label() {
            return "linear";
        }
    }

    /** The weighted sum of the products, exactly: factors one after the other, ranks added up. On products. */
    record Cat() implements MergeMethod {
        @Override
        public String label() {
            return "cat";
        }
    }

    /**
     * The weighted sum of the products in the best approximation of a rank. On products, which are not computed.
     *
     * @param rank of the result
     */
    record Svd(OutputRank rank) implements MergeMethod {
        @Override
        public String label() {
            return "svd";
        }

        @Override
        public Optional<OutputRank> outputRank() {
            return Optional.of(rank);
        }
    }

    /**
     * Spherical interpolation from the first product to the second, of two adapters: along the arc between their
     * directions, by the share of the second weight in both. Where the directions are nearly the same or opposite,
     * where one is zero, or only one adapter has the product, the interpolation is linear. On products, which are not
     * computed.
     *
     * @param rank of the result; the sum of the two, which is exact, unless it is given
     */
    record Slerp(OutputRank rank) implements MergeMethod {
        @Override
        public String label() {
            return "slerp";
        }

        @Override
        public Optional<OutputRank> outputRank() {
            return Optional.of(rank);
        }
    }

    /**
     * Each adapter's values of the largest magnitudes, then the weighted sum.
     *
     * @param density the share of values that is kept, more than 0 and at most 1
     * @param target what the values are of
     */
    record MagnitudePrune(double density, MergeTarget target) implements MergeMethod {
        /** Checks the density. */
        public MagnitudePrune {
            requireDensity(density);
        }

        @Override
        public String label() {
            return "magnitude_prune" + target.suffix();
        }

        @Override
        public Optional<MergeTarget> prunedTarget() {
            return Optional.of(target);
        }

        @Override
        public Map<String, Object> settings() {
            return settingsOf(density, null, null);
        }
    }

    /**
     * TIES (Yadav et al. 2023): each adapter's values of the largest magnitudes; a sign for each place is elected; of
     * the values of that sign the weighted sum by their number.
     *
     * @param density the share of values that is kept, more than 0 and at most 1
     * @param sign how a sign is elected
     * @param target what the values are of
     */
    record Ties(double density, SignElection sign, MergeTarget target) implements MergeMethod {
        /** Checks the density. */
        public Ties {
            requireDensity(density);
        }

        @Override
        public String label() {
            return "ties" + target.suffix();
        }

        @Override
        public Optional<MergeTarget> prunedTarget() {
            return Optional.of(target);
        }

        @Override
        public Map<String, Object> settings() {
            return settingsOf(density, sign, null);
        }
    }

    /**
     * DARE (Yu et al. 2023): each value is dropped with probability 1 - density, what is kept is divided by the
     * density; then the weighted sum.
     *
     * @param density the share of values that is kept, more than 0 and at most 1
     * @param seed decides which
     * @param target what the values are of
     */
    record DareLinear(double density, long seed, MergeTarget target) implements MergeMethod {
        /** Checks the density. */
        public DareLinear {
            requireDensity(density);
        }

        @Override
        public String label() {
            return "dare_linear" + target.suffix();
        }

        @Override
        public Optional<MergeTarget> prunedTarget() {
            return Optional.of(target);
        }

        @Override
        public Map<String, Object> settings() {
            return settingsOf(density, null, seed);
        }
    }

    /**
     * What {@link DareLinear} keeps, merged as {@link Ties} merges: by an elected sign.
     *
     * @param density the share of values that is kept, more than 0 and at most 1
     * @param seed decides which
     * @param sign how a sign is elected
     * @param target what the values are of
     */
    record DareTies(double density, long seed, SignElection sign, MergeTarget target) implements MergeMethod {
        /** Checks the density. */
        public DareTies {
            requireDensity(density);
        }

        @Override
        public String label() {
            return "dare_ties" + target.suffix();
        }

        @Override
        public Optional<MergeTarget> prunedTarget() {
            return Optional.of(target);
        }

        @Override
        public Map<String, Object> settings() {
            return settingsOf(density, sign, seed);
        }
    }

    /** {@return the name as command lines write it, PEFT's where it has the method} */
    String label();

    /** {@return what it drops values of; empty if it drops none} */
    default Optional<MergeTarget> prunedTarget() {
        return Optional.empty();
    }

    /** {@return the rank of the result, where a decomposition decides it} */
    default Optional<OutputRank> outputRank() {
        return prunedTarget().filter(MergeTarget.Product.class::isInstance).map(target -> ((MergeTarget.Product) target)
                .rank());
    }

    /** {@return {@code density}, {@code sign} and {@code seed}, those of them that it reads} */
    default Map<String, Object> settings() {
        return Map.of();
    }

    /** {@return whether it combines A and B, each by itself, which needs equal ranks} */
    default boolean isOnFactors() {
        return this instanceof Linear
                || prunedTarget().filter(MergeTarget.Factors.class::isInstance).isPresent();
    }

    /** {@return the names of all methods} */
    static List<String> labels() {
        return MergeMethods.labels();
    }

    /**
     * {@return the method of a name}
     *
     * @param name one of {@link #labels}, in any case
     * @param settings of which it takes what it reads
     * @throws BadInputException for an unknown one, and if a setting that it reads is out of its range
     */
    static MergeMethod of(String name, MergeSettings settings) {
        return MergeMethods.of(name, settings);
    }

    private static void requireDensity(double density) {
        if (!(density > 0 && density <= 1)) {
            throw BadInputException.ofSetting("density", "a share of more than 0 and at most 1", density);
        }
    }

    private static Map<String, Object> settingsOf(double density, @Nullable SignElection sign, @Nullable Long seed) {
        Map<String, Object> settings = new LinkedHashMap<>();
        settings.put("density", density);
        if (sign != null) {
            settings.put("sign", sign.label());
        }
        if (seed != null) {
            settings.put("seed", seed);
        }
        return settings;
    }
}
