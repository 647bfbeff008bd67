package dev.chaku.internal.adapter.merge;

import dev.chaku.merge.MergeMethod;
import dev.chaku.merge.MergeTarget;

/** The rule of each method; a new one is registered here. */
final class MergeRules {
    private MergeRules() {}

    static MergeRule of(MergeMethod method) {
        if (method instanceof MergeMethod.Linear) {
            return new FactorRule(Pruning.none(), Combination.weightedSum());
        } else if (method instanceof MergeMethod.Cat) {
            return new CatRule();
        } else if (method instanceof MergeMethod.Svd svd) {
            return new SvdRule(svd.rank());
        } else if (method instanceof MergeMethod.Slerp slerp) {
            return new SlerpRule(slerp.rank());
        } else if (method instanceof MergeMethod.MagnitudePrune prune) {
            return pruned(prune.target(), new MagnitudePruning(prune.density()), Combination.weightedSum());
        } else if (method instanceof MergeMethod.Ties ties) {
            return pruned(ties.target(), new MagnitudePruning(ties.density()), Combination.elected(ties.sign()));
        } else if (method instanceof MergeMethod.DareLinear dare) {
            return pruned(dare.target(), new RandomPruning(dare.density(), dare.seed()), Combination.weightedSum());
        } else if (method instanceof MergeMethod.DareTies dare) {
            return pruned(
                    dare.target(), new RandomPruning(dare.density(), dare.seed()), Combination.elected(dare.sign()));
        }
        throw new IllegalStateException("no rule for " + method.label());
    }

    private static MergeRule pruned(MergeTarget target, Pruning pruning, Combination combination) {
        return target instanceof MergeTarget.Product product
                ? new ProductRule(pruning, combination, product.rank())
                : new FactorRule(pruning, combination);
    }
}
