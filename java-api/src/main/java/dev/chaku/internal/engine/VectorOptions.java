package dev.chaku.internal.engine;

/**
 * How a decoder's states become one vector of a text, as its file says.
 *
 * @param pooling what becomes of the states of its tokens
 * @param activation between the two products of the head, where there are such
 * @param headWidth of what the head gives; 0 where there is none
 * @param ranks whether the head gives scores, not a vector
 */
public record VectorOptions(Pooling pooling, Activation activation, int headWidth, boolean ranks) {
    /** What becomes of the states of a text's tokens. */
    public enum Pooling {
        /** They stay as they are, one row a token. */
        NONE,
        MEAN,
        FIRST,
        LAST
    }

    /** Of a head. */
    public enum Activation {
        NONE,
        TANH,
        GELU
    }

    /** Of a file that says nothing of it. */
    public static final VectorOptions NONE = new VectorOptions(Pooling.NONE, Activation.NONE, 0, false);
}
