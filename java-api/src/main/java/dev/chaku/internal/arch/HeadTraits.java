package dev.chaku.internal.arch;

import dev.chaku.internal.engine.VectorOptions.Activation;

/** What follows a text's pooled row in a family: nothing but in files that rank, unless it says otherwise. */
public final class HeadTraits {
    private Activation activation = Activation.NONE;
    private boolean projection;

    HeadTraits() {}

    /** The activation between the two products of a head that ranks. */
    public HeadTraits ranking(Activation between) {
        activation = between;
        return this;
    }

    Activation activation() {
        return activation;
    }

    /** Two products without an activation make the vector, where files have them: {@code dense_2}, {@code dense_3}. */
    public HeadTraits projection() {
        projection = true;
        return this;
    }

    boolean mayProject() {
        return projection;
    }
}
