package dev.chaku.internal.engine;

/**
 * Attention over what is compressed of keys and values; see {@code chaku_latent_options}.
 *
 * @param queryRank of what queries are made of; 0 where one product makes them
 * @param rank of what keys and values are made of
 * @param plainDim of a query head, not rotated
 * @param ropeDim that follow, rotated
 * @param valueDim of a value head
 */
public record LatentOptions(int queryRank, int rank, int plainDim, int ropeDim, int valueDim) {
    /** Dimensions of a query head. */
    public int queryDim() {
        return plainDim + ropeDim;
    }

    /** What is kept of a token. */
    public int keyDim() {
        return rank + ropeDim;
    }
}
