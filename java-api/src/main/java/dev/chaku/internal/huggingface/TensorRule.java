package dev.chaku.internal.huggingface;

/**
 * Where a tensor of a GGUF file comes from. {@code {l}} in names stands for the layer, {@code {e}} for the expert.
 *
 * @param from name in Hugging Face's folder
 * @param to name in the GGUF file
 * @param rows of the matrix, {@link Size#ONE} for vectors
 * @param columns of the matrix, length of the vector
 * @param layout how the folder holds it
 * @param rowOrder where its rows stand there
 * @param columnOrder where its columns stand there, or the numbers of a vector
 * @param values what becomes of the numbers
 * @param need whether it must be there
 * @param where which layers have it
 */
public record TensorRule(
        String from,
        String to,
        Size rows,
        Size columns,
        Layout layout,
        RowOrder rowOrder,
        RowOrder columnOrder,
        Values values,
        Need need,
        Where where) {

    /** How the folder holds a matrix of rows by columns. */
    public enum Layout {
        /** As it is. */
        PLAIN,
        /** Columns by rows. */
        TURNED,
        /** Rows by 1 by columns, as a convolution of each row with its own taps is stored. */
        TAPS,
        /** As it is; the file has a matrix for each head. */
        HEADS,
        /** The same, columns by rows for each head, behind which rows of another tensor follow. */
        HEADS_TURNED,
        /** Each row in a vector of its own. */
        EACH_ROW,
        /** Each expert's in a tensor of its own; the file stacks them. */
        EACH_EXPERT,
        /** All experts' in one tensor, rows by columns each. */
        ALL_EXPERTS,
        /** All experts' in one tensor, columns by rows each; or in MXFP4 blocks, rows by columns each. */
        ALL_EXPERTS_TURNED
    }

    /** What becomes of the numbers. */
    public enum Values {
        AS_IS,
        /** 1 is added: norms that are stored as the difference from 1. */
        PLUS_ONE,
        /** Rates that are stored as the logarithm of what they are below 0. */
        MINUS_EXP
    }

    /** Whether a tensor must be there. */
    public enum Need {
        REQUIRED,
        OPTIONAL,
        /** It is left out where the embedding serves in its place. */
        UNLESS_TIED
    }

    /** Which layers have a tensor. */
    public enum Where {
        ALL_LAYERS,
        /** Those with attention. */
        ATTENTION,
        /** Those with a running memory in its place. */
        MIXER,
        /** Those without experts, where others have them. */
        DENSE,
        /** Those with experts. */
        EXPERTS,
        /** Those that make keys. */
        OWN_KEYS,
        /** Those that make values by a product of their own. */
        OWN_VALUES,
        /** Those that read the keys of others. */
        NO_KEYS
    }

    /** A matrix that both sides hold in the same way. */
    public static TensorRule matrix(String from, String to, Size rows, Size columns) {
        return new TensorRule(
                from,
                to,
                rows,
                columns,
                Layout.PLAIN,
                RowOrder.AS_IS,
                RowOrder.AS_IS,
                Values.AS_IS,
                Need.REQUIRED,
                Where.ALL_LAYERS);
    }

    /** A vector that both sides hold in the same way. */
    public static TensorRule vector(String from, String to, Size size) {
        return matrix(from, to, Size.ONE, size);
    }

    public TensorRule stored(Layout newLayout) {
        return new TensorRule(from, to, rows, columns, newLayout, rowOrder, columnOrder, values, need, where);
    }

    /** With rows in another order; of a vector, its numbers. */
    public TensorRule ordered(RowOrder order) {
        return isVector()
                ? columnsOrdered(order)
                : new TensorRule(from, to, rows, columns, layout, order, columnOrder, values, need, where);
    }

    public TensorRule columnsOrdered(RowOrder order) {
        return new TensorRule(from, to, rows, columns, layout, rowOrder, order, values, need, where);
    }

    /** Under another name in the file. */
    public TensorRule renamed(String name) {
        return new TensorRule(from, name, rows, columns, layout, rowOrder, columnOrder, values, need, where);
    }

    public TensorRule holding(Values newValues) {
        return new TensorRule(from, to, rows, columns, layout, rowOrder, columnOrder, newValues, need, where);
    }

    public TensorRule needed(Need newNeed) {
        return new TensorRule(from, to, rows, columns, layout, rowOrder, columnOrder, values, newNeed, where);
    }

    public TensorRule in(Where layers) {
        return new TensorRule(from, to, rows, columns, layout, rowOrder, columnOrder, values, need, layers);
    }

    public boolean isVector() {
        return rows == Size.ONE;
    }

    public boolean isInLayers() {
        return to.contains("{l}");
    }

    /** Whether the file has one matrix for each expert. */
    public boolean isStacked() {
        return layout == Layout.EACH_EXPERT || layout == Layout.ALL_EXPERTS || layout == Layout.ALL_EXPERTS_TURNED;
    }

    /** The name in the folder, in a layer and of an expert, or of a row where each has a tensor of its own. */
    public String source(int layer, int expert) {
        return from.replace("{l}", Integer.toString(layer)).replace("{e}", Integer.toString(expert));
    }

    public String target(int layer) {
        return to.replace("{l}", Integer.toString(layer));
    }
}
