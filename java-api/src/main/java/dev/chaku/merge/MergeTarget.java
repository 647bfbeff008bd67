package dev.chaku.merge;

/** What a method that drops single values looks at. */
public sealed interface MergeTarget {
    /** A and B, each by itself: fast, for adapters of equal ranks; the result has their rank. */
    record Factors() implements MergeTarget {}

    /**
     * The product {@code s B A}, of which a singular value decomposition makes A and B again: for adapters of any rank.
     * It is computed in parts that fit a processor's cache, several times, and never stored.
     *
     * @param rank of the result
     */
    record Product(OutputRank rank) implements MergeTarget {}

    /** {@return what the name of a method ends in} */
    default String suffix() {
        return this instanceof Product ? "_svd" : "";
    }
}
