package dev.chaku.internal.adapter.merge;

import dev.chaku.errors.BadInputException;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.DecoderModule.Place;
import dev.chaku.internal.engine.LoraPair;
import dev.chaku.merge.MergeMethod;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The products of several adapters beside each other: those of one place have the same shape. They stand in the order
 * of the first adapter, after which come what only others have.
 */
final class AlignedProducts {
    /** One place. Null for an adapter that has nothing there. */
    record Product(Place place, List<@Nullable LoraPair> pairs, List<Double> weights) {
        LoraPair first() {
            for (LoraPair pair : pairs) {
                if (pair != null) {
                    return pair;
                }
            }
            throw new IllegalStateException(place.name() + " is in no adapter");
        }

        /** The ranks of the adapters, 0 for one without it. */
        List<Integer> ranks() {
            List<Integer> ranks = new ArrayList<>();
            for (LoraPair pair : pairs) {
                ranks.add(pair == null ? 0 : pair.rank());
            }
            return ranks;
        }
    }

    /** What the parts of a tensor are called that several products share, and what it is called as one. */
    private static final Map<DecoderModule, Set<DecoderModule>> FUSED = Map.of(
            DecoderModule.ATTN_QKV,
            Set.of(DecoderModule.ATTN_Q, DecoderModule.ATTN_K, DecoderModule.ATTN_V),
            DecoderModule.SHORTCONV_IN,
            Set.of(DecoderModule.MIX_IN, DecoderModule.MIX_GATE, DecoderModule.MIX_INPUT_GATE),
            DecoderModule.MIX_BETA_ALPHA,
            Set.of(DecoderModule.MIX_BETA, DecoderModule.MIX_ALPHA));

    private AlignedProducts() {}

    /**
     * Puts the adapters side by side.
     *
     * @throws BadInputException if they do not fit each other, or the method: the message names both sides
     */
    static List<Product> of(List<MergeParent> parents, MergeMethod method, List<WeightRule> rules) {
        Map<Place, @Nullable LoraPair[]> byPlace = new LinkedHashMap<>();
        for (int i = 0; i < parents.size(); i++) {
            for (LoraPair pair : parents.get(i).adapter().pairs()) {
                byPlace.computeIfAbsent(pair.place(), unused -> new LoraPair[parents.size()])[i] = pair;
            }
        }
        List<Product> products = new ArrayList<>();
        byPlace.forEach((place, pairs) -> {
            requireSameShape(parents, pairs);
            if (method.isOnFactors()) {
                requireSameRank(parents, pairs, method);
            }
            products.add(new Product(place, Arrays.asList(pairs), weights(parents, place, rules)));
        });
        requireOneLayout(parents, byPlace);
        requireUsed(rules, byPlace.keySet());
        return products;
    }

    private static List<Double> weights(List<MergeParent> parents, Place place, List<WeightRule> rules) {
        return rules.stream()
                .filter(rule -> rule.matches(place))
                .findFirst()
                .map(WeightRule::weights)
                .orElseGet(() -> parents.stream().map(MergeParent::weight).toList());
    }

    private static void requireSameShape(List<MergeParent> parents, @Nullable LoraPair[] pairs) {
        requireSame(
                parents,
                pairs,
                (one, other) -> one.inputs() == other.inputs()
                                && one.outputs() == other.outputs()
                                && one.experts() == other.experts()
                        ? ""
                        : "expected adapters of one base");
    }

    private static void requireSameRank(List<MergeParent> parents, @Nullable LoraPair[] pairs, MergeMethod method) {
        requireSame(
                parents,
                pairs,
                (one, other) -> one.rank() == other.rank()
                        ? ""
                        : method.label()
                                + " combines factors and expects equal ranks (cat, svd, slerp and those named _svd do not)");
    }

    /** Says what is wrong between two pairs, or nothing. */
    private interface Comparison {
        String fault(LoraPair one, LoraPair other);
    }

    private static void requireSame(List<MergeParent> parents, @Nullable LoraPair[] pairs, Comparison comparison) {
        int first = -1;
        for (int i = 0; i < pairs.length; i++) {
            LoraPair pair = pairs[i];
            if (pair == null) {
                continue;
            }
            if (first < 0) {
                first = i;
            }
            LoraPair one = pairs[first];
            String fault = one == null ? "" : comparison.fault(one, pair);
            if (one != null && !fault.isEmpty()) {
                throw new BadInputException(parents.get(i).name() + ": tensor "
                        + pair.place().name() + ".weight: " + fault + ", found " + describe(pair) + " here and "
                        + describe(one) + " in " + parents.get(first).name());
            }
        }
    }

    private static String describe(LoraPair pair) {
        String experts = pair.experts() > 1 ? " for " + pair.experts() + " experts" : "";
        return pair.inputs() + " inputs, " + pair.outputs() + " outputs" + experts + ", rank " + pair.rank();
    }

    /** A tensor of several products and the products by themselves, in different files, would both be added. */
    private static void requireOneLayout(List<MergeParent> parents, Map<Place, @Nullable LoraPair[]> byPlace) {
        byPlace.forEach((place, pairs) -> {
            for (DecoderModule part : FUSED.getOrDefault(place.module(), Set.of())) {
                @Nullable LoraPair[] others = byPlace.get(part.at(place.layer()));
                if (others != null) {
                    throw new BadInputException(nameOf(parents, pairs) + ": tensor " + place.name()
                            + ".weight: expected the products in one tensor in all adapters or in none, found "
                            + part.at(place.layer()).name() + " by itself in " + nameOf(parents, others));
                }
            }
        });
    }

    private static String nameOf(List<MergeParent> parents, @Nullable LoraPair[] pairs) {
        for (int i = 0; i < pairs.length; i++) {
            if (pairs[i] != null) {
                return parents.get(i).name();
            }
        }
        throw new IllegalStateException("no adapter has the product");
    }

    private static void requireUsed(List<WeightRule> rules, Set<Place> places) {
        for (WeightRule rule : rules) {
            boolean decides = places.stream().anyMatch(place -> rules.stream()
                    .filter(other -> other.matches(place))
                    .findFirst()
                    .filter(rule::equals)
                    .isPresent());
            if (!decides) {
                throw new BadInputException(rule.words()
                        + ": expected a product that they decide, found none; products are called blk.0.attn_q, output "
                        + "and so on, and the first rule counts");
            }
        }
    }
}
