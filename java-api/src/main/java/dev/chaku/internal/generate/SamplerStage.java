package dev.chaku.internal.generate;

/** Removes candidates or changes their logits. Not thread-safe. */
interface SamplerStage {
    /** Works on the candidates; leaves at least one. */
    void apply(Candidates candidates);

    /** Learns that a token was added to the text. */
    default void accept(int token) {}

    /** One that goes on from here apart; itself where it remembers nothing. */
    default SamplerStage fork(SamplingRandom random) {
        return this;
    }
}
