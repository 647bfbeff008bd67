package dev.chaku.internal.arch;

import dev.chaku.internal.engine.RopeSpec;
import java.util.OptionalDouble;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/**
 * How the layers of a family know positions, and how far they see: one rope and everything, unless it says otherwise.
 */
public final class PositionTraits {
    /** Which rope a layer has: 0 the file's, 1 the local one, -1 none. */
    public interface RopeChoice {
        int of(int layer, boolean windowed, boolean anyWindow);
    }

    static final double SAME_BASE = 0;

    private final RopeSpec.@Nullable Pairing pairing;
    private @Nullable IntPredicate windows;
    private RopeChoice ropes = (layer, windowed, anyWindow) -> 0;
    private OptionalDouble localBase = OptionalDouble.empty();
    private boolean embedded;
    private boolean firstSeesAll;
    private double alibiBias;

    PositionTraits(RopeSpec.@Nullable Pairing pairing) {
        this.pairing = pairing;
    }

    /** Null for no rotation. */
    RopeSpec.@Nullable Pairing pairing() {
        return pairing;
    }

    /**
     * {@code attention.sliding_window} holds for these layers. Without this, a window shorter than the context is
     * refused.
     */
    public PositionTraits windows(IntPredicate layers) {
        windows = layers;
        return this;
    }

    @Nullable
    IntPredicate windows() {
        return windows;
    }

    /**
     * Of as many layers as {@code attention.sliding_window_pattern} says, the first sees everything and not the last.
     */
    public PositionTraits firstSeesAll() {
        firstSeesAll = true;
        return this;
    }

    boolean seesAllFirst() {
        return firstSeesAll;
    }

    public PositionTraits ropes(RopeChoice choice) {
        ropes = choice;
        return this;
    }

    RopeChoice ropes() {
        return ropes;
    }

    /** There is a second rope, of windowed layers, without scaling: of this base, unless the file says. */
    public PositionTraits localRope(double usualBase) {
        localBase = OptionalDouble.of(usualBase);
        return this;
    }

    /** The same with the base of the first. */
    public PositionTraits localRopeOfSameBase() {
        localBase = OptionalDouble.of(SAME_BASE);
        return this;
    }

    /** The usual base of the second rope, {@link #SAME_BASE} for that of the first; nothing where there is none. */
    OptionalDouble localBase() {
        return localBase;
    }

    /** Positions are embedded. */
    public PositionTraits embedded() {
        embedded = true;
        return this;
    }

    boolean areEmbedded() {
        return embedded;
    }

    /** Scores fall with distance; the bias where {@code attention.max_alibi_bias} is not given. */
    public PositionTraits alibi(double usualBias) {
        alibiBias = usualBias;
        return this;
    }

    /** 0 for none. */
    double alibiBias() {
        return alibiBias;
    }
}
