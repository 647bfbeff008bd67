package dev.chaku;

import dev.chaku.internal.engine.VectorOptions;

/** How the last states of a text's tokens become one vector. */
public enum Pooling {
    /** Their mean, tokens around the text included. */
    MEAN,
    /** That of the first token, as models with {@code [CLS]} are trained. */
    FIRST,
    /** That of the last token, as models that generate are trained. */
    LAST;

    VectorOptions.Pooling inTheCore() {
        return switch (this) {
            case MEAN -> VectorOptions.Pooling.MEAN;
            case FIRST -> VectorOptions.Pooling.FIRST;
            case LAST -> VectorOptions.Pooling.LAST;
        };
    }

    /** What a file says; the mean where it says nothing. */
    static Pooling of(VectorOptions.Pooling pooling) {
        return switch (pooling) {
            case NONE, MEAN -> MEAN;
            case FIRST -> FIRST;
            case LAST -> LAST;
        };
    }
}
