package dev.chaku.merge;

import dev.chaku.errors.BadInputException;

/**
 * The rank of the products of a merged adapter, where a singular value decomposition decides what is kept. No product
 * gets more than its decomposition has.
 *
 * @param limit the largest rank; 0 for the method's own: the largest among the adapters at the same product, or the sum
 *     of their ranks where a share of energy decides
 * @param energy the share of the sum of squared singular values that is kept at least, more than 0 and at most 1: the
 *     smallest rank that keeps it is taken, up to the limit; 1 to take the limit
 */
public record OutputRank(int limit, double energy) {
    /** Checks the ranges. */
    public OutputRank {
        if (limit < 0) {
            throw BadInputException.ofSetting("rank", "at least 1", limit);
        }
        if (!(energy > 0 && energy <= 1)) {
            throw BadInputException.ofSetting("energy", "a share of more than 0 and at most 1", energy);
        }
    }

    /** {@return what the method takes if it is not told} */
    public static OutputRank ofMethod() {
        return new OutputRank(0, 1);
    }

    /**
     * {@return a rank by number}
     *
     * @param limit the rank, at least 1
     * @throws BadInputException if it is less
     */
    public static OutputRank of(int limit) {
        if (limit < 1) {
            throw BadInputException.ofSetting("rank", "at least 1", limit);
        }
        return new OutputRank(limit, 1);
    }

    /**
     * {@return a rank for each product by what it keeps}
     *
     * @param energy the share of the sum of squared singular values, more than 0 and at most 1
     * @throws BadInputException if it is out of its range
     */
    public static OutputRank keeping(double energy) {
        return new OutputRank(0, energy);
    }

    /** {@return whether a share of energy decides} */
    public boolean isByEnergy() {
        return energy < 1;
    }
}
