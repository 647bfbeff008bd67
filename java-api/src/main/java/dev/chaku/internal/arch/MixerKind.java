package dev.chaku.internal.arch;

/** What some layers of a family have in place of attention. */
public enum MixerKind {
    /** Short convolutions, in layers without key heads. */
    SHORT_CONVOLUTION,
    /**
     * The gated delta rule, but for each {@code full_attention_interval}th layer; value heads next to each other share.
     */
    DELTA_RULE,
    /** The same; value heads share a key head with those a multiple of Hk away. */
    DELTA_RULE_TILED
}
