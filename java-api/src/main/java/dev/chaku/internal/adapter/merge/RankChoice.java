package dev.chaku.internal.adapter.merge;

import dev.chaku.merge.OutputRank;
import java.util.Arrays;
import java.util.OptionalDouble;

/**
 * How many singular values are kept.
 *
 * @param limit at most
 * @param energy the share of their sum of squares that is enough
 */
record RankChoice(int limit, double energy) {
    /** Room for the rounding of a sum, so that a share of 1 - 1e-15 does not ask for noise. */
    private static final double ROUNDING = 1e-14;

    /** @param energy the share that is kept in fact */
    record Chosen(int rank, OptionalDouble energy) {}

    /**
     * What settings say.
     *
     * @param own the limit where neither number nor share is given
     * @param most the limit where a share is
     */
    static RankChoice of(OutputRank wanted, int own, int most) {
        int limit = wanted.limit() > 0 ? wanted.limit() : wanted.isByEnergy() ? most : own;
        return new RankChoice(limit, wanted.energy());
    }

    static double sumOfSquares(double[] sigma) {
        return Arrays.stream(sigma).map(s -> s * s).sum();
    }

    /**
     * @param sigma the singular values that are known, falling
     * @param total the sum of the squares of all
     */
    Chosen choose(double[] sigma, double total) {
        int most = Math.max(1, Math.min(limit, sigma.length));
        double kept = 0;
        int rank = 0;
        while (rank < most && (rank == 0 || energy == 1 || kept < (energy - ROUNDING) * total)) {
            kept += sigma[rank] * sigma[rank];
            rank++;
        }
        return new Chosen(rank, OptionalDouble.of(total == 0 ? 1 : Math.min(1, kept / total)));
    }
}
