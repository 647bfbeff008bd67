package dev.chaku.internal.arch;

import dev.chaku.internal.engine.LayerOptions;

/** The feed-forward of a family: with a SiLU gate and without biases, unless it says otherwise. */
public final class FeedForwardTraits {
    private Presence bias = Presence.NONE;
    private Presence downBias = Presence.NONE;
    private boolean gated = true;
    private int activation = LayerOptions.SILU;
    private boolean fused;

    FeedForwardTraits() {}

    /** Biases of gate, up and down. */
    public FeedForwardTraits biases(Presence presence) {
        return biases(presence, presence);
    }

    /** Biases of gate and up; of down. */
    public FeedForwardTraits biases(Presence gateUp, Presence down) {
        bias = gateUp;
        downBias = down;
        return this;
    }

    Presence downBias() {
        return downBias;
    }

    Presence bias() {
        return bias;
    }

    /** The activation of the gate. */
    public FeedForwardTraits gate(int newActivation) {
        activation = newActivation;
        return this;
    }

    /** No gate: the activation is that of the up projection. */
    public FeedForwardTraits ungated(int newActivation) {
        gated = false;
        return gate(newActivation);
    }

    boolean isGated() {
        return gated;
    }

    int activation() {
        return activation;
    }

    /** Files hold gate and up in one tensor, called {@code ffn_up}. */
    public FeedForwardTraits fused() {
        fused = true;
        return this;
    }

    boolean isFused() {
        return fused;
    }
}
