package dev.chaku.internal.huggingface;

/**
 * The order of rows where Hugging Face and GGUF files differ in it: of an adapter only B has those rows, of a matrix
 * the rows themselves move. An order that takes only some rows stands for one of several GGUF tensors that are one
 * tensor there.
 */
public enum RowOrder {
    /** The same on both sides. */
    AS_IS,
    /**
     * Hugging Face rotates the halves of a head against each other, the file neighbours: row 2i + s of a head there is
     * row s * Dh/2 + i here, s being 0 or 1.
     */
    HALVES,
    /**
     * Query heads that share a key head stand together with it and its value head; the file has all queries, then all
     * keys, then all values.
     */
    GROUPS,
    /** The first of two halves. */
    FIRST_HALF,
    /** The second of two halves. */
    SECOND_HALF,
    /** Every other row, from the first on. */
    EVEN,
    /** Every other row, from the second on. */
    ODD,
    /** Queries, keys and values of the delta rule, which stand together with gates for each key head. */
    DELTA_CHANNELS,
    /** The gates among them. */
    DELTA_GATES,
    /**
     * Value heads that share a key head stand together; in the file they are as many heads apart as there are key
     * heads.
     */
    TILED_VALUES,
    /** The same with one row for each value head. */
    TILED_HEADS,
    /** The same after queries and keys, which keep their places. */
    TILED_CHANNELS,
    /** Values of each head of latent attention, behind as many rows of it as its keys have that are not rotated. */
    LATENT_VALUES,
    /** Behind two rows for positions that no token has: counting begins behind the id of the padding, which is 1. */
    BEHIND_PADDING;

    /** Rows for positions that no token has. */
    public static final int PADDING_ROWS = 2;

    /**
     * Sizes that orders depend on; those of heads that a model lacks are 0.
     *
     * @param heads H
     * @param kvHeads Hkv
     * @param headDim Dh
     * @param keyHeads Hk of the delta rule
     * @param valueHeads Hv of the delta rule
     * @param keyDim dk of the delta rule; of latent attention what of a key is not rotated
     * @param valueDim dv of the delta rule, or of latent attention
     */
    public record Sizes(int heads, int kvHeads, int headDim, int keyHeads, int valueHeads, int keyDim, int valueDim) {
        private long valuesPerKey() {
            return valueHeads / keyHeads;
        }

        /** Rows of one key head's queries, keys, values and gates. */
        private long deltaGroup() {
            return 2L * keyDim + 2 * valuesPerKey() * valueDim;
        }

        private long keyRows() {
            return 2L * keyHeads * keyDim;
        }
    }

    /** How many rows Hugging Face's tensor has where the file's has so many. */
    public long huggingFaceRows(long rows, Sizes sizes) {
        return switch (this) {
            case FIRST_HALF, SECOND_HALF, EVEN, ODD -> 2 * rows;
            case DELTA_CHANNELS, DELTA_GATES -> sizes.keyHeads() * sizes.deltaGroup();
            case LATENT_VALUES -> (long) sizes.heads() * (sizes.keyDim() + sizes.valueDim());
            case BEHIND_PADDING -> rows + PADDING_ROWS;
            default -> rows;
        };
    }

    /** The row of Hugging Face's tensor that stands at a row of the file's, which has so many rows. */
    public long huggingFaceRow(long row, long rows, Sizes sizes) {
        return switch (this) {
            case AS_IS, FIRST_HALF -> row;
            case SECOND_HALF -> rows + row;
            case HALVES -> half(row, sizes.headDim());
            case GROUPS -> grouped(row, sizes);
            case EVEN -> 2 * row;
            case ODD -> 2 * row + 1;
            case DELTA_CHANNELS -> deltaChannel(row, sizes);
            case DELTA_GATES -> deltaValue(row, sizes) + sizes.valuesPerKey() * sizes.valueDim();
            case TILED_VALUES -> tiled(row, sizes.valueDim(), sizes);
            case TILED_HEADS -> tiled(row, 1, sizes);
            case LATENT_VALUES -> row + (row / sizes.valueDim() + 1) * sizes.keyDim();
            case BEHIND_PADDING -> row + PADDING_ROWS;
            case TILED_CHANNELS ->
                row < sizes.keyRows() ? row : sizes.keyRows() + tiled(row - sizes.keyRows(), sizes.valueDim(), sizes);
        };
    }

    private static long half(long row, int headDim) {
        long within = row % headDim;
        return row - within + within % 2 * (headDim / 2) + within / 2;
    }

    private static long grouped(long row, Sizes sizes) {
        long sharing = sizes.heads() / sizes.kvHeads();
        long head = row / sizes.headDim();
        long group;
        long inGroup;
        if (head < sizes.heads()) {
            group = head / sharing;
            inGroup = head % sharing;
        } else {
            long rest = head - sizes.heads();
            group = rest % sizes.kvHeads();
            inGroup = sharing + rest / sizes.kvHeads();
        }
        return (group * (sharing + 2) + inGroup) * sizes.headDim() + row % sizes.headDim();
    }

    private static long deltaChannel(long row, Sizes sizes) {
        if (row >= sizes.keyRows()) {
            return deltaValue(row - sizes.keyRows(), sizes);
        }
        long half = sizes.keyRows() / 2;
        long within = row % half;
        return within / sizes.keyDim() * sizes.deltaGroup() + row / half * sizes.keyDim() + within % sizes.keyDim();
    }

    private static long deltaValue(long row, Sizes sizes) {
        long perKey = sizes.valuesPerKey() * sizes.valueDim();
        return row / perKey * sizes.deltaGroup() + 2L * sizes.keyDim() + row % perKey;
    }

    private static long tiled(long row, long each, Sizes sizes) {
        long head = row / each;
        long from = head % sizes.keyHeads() * sizes.valuesPerKey() + head / sizes.keyHeads();
        return from * each + row % each;
    }
}
