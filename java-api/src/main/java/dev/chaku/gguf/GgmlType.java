package dev.chaku.gguf;

import dev.chaku.errors.BadInputException;

/**
 * An element or block format of a tensor: its id in files, the elements of one block and the bytes they take.
 *
 * <p>A plain number is a block of one element. The table says how a format lies in a file, not whether the core
 * computes with it.
 */
public enum GgmlType {
    F32(0, 1, 4),
    F16(1, 1, 2),
    Q4_0(2, 32, 18),
    Q4_1(3, 32, 20),
    Q5_0(6, 32, 22),
    Q5_1(7, 32, 24),
    Q8_0(8, 32, 34),
    Q8_1(9, 32, 36),
    Q2_K(10, 256, 84),
    Q3_K(11, 256, 110),
    Q4_K(12, 256, 144),
    Q5_K(13, 256, 176),
    Q6_K(14, 256, 210),
    Q8_K(15, 256, 292),
    IQ2_XXS(16, 256, 66),
    IQ2_XS(17, 256, 74),
    IQ3_XXS(18, 256, 98),
    IQ1_S(19, 256, 50),
    IQ4_NL(20, 32, 18),
    IQ3_S(21, 256, 110),
    IQ2_S(22, 256, 82),
    IQ4_XS(23, 256, 136),
    I8(24, 1, 1),
    I16(25, 1, 2),
    I32(26, 1, 4),
    I64(27, 1, 8),
    F64(28, 1, 8),
    IQ1_M(29, 256, 56),
    BF16(30, 1, 2),
    TQ1_0(34, 256, 54),
    TQ2_0(35, 256, 66),
    MXFP4(39, 32, 17),
    NVFP4(40, 64, 36),
    Q1_0(41, 128, 18),
    Q2_0(42, 64, 18);

    private static final GgmlType[] BY_ID = byId();

    private final int id;
    private final int blockElements;
    private final int blockBytes;

    GgmlType(int id, int blockElements, int blockBytes) {
        this.id = id;
        this.blockElements = blockElements;
        this.blockBytes = blockBytes;
    }

    /** The number that stands for this type in a file. */
    public int id() {
        return id;
    }

    /** Elements per block, at least 1. */
    public int blockElements() {
        return blockElements;
    }

    /** Bytes per block. */
    public int blockBytes() {
        return blockBytes;
    }

    /** Whether several elements share a block (and its scale). */
    public boolean isQuantized() {
        return blockElements > 1;
    }

    /**
     * Bytes of one row.
     *
     * @param elements length of the row, a positive multiple of {@link #blockElements()}
     * @throws BadInputException if it is not, or if the row's bytes exceed 63 bits
     */
    public long rowBytes(long elements) {
        if (elements <= 0 || elements % blockElements != 0) {
            throw new BadInputException("a row of type " + this + " expects a positive multiple of " + blockElements
                    + " elements, found " + elements);
        }
        return multiply(elements / blockElements, blockBytes);
    }

    /**
     * Bytes of a whole tensor.
     *
     * @param dims elements per dimension, contiguous one first, each positive
     * @throws BadInputException if the first is no multiple of the block, one is not positive, or the product exceeds
     *     63 bits
     */
    public long tensorBytes(long... dims) {
        if (dims.length == 0) {
            throw new BadInputException("a tensor of type " + this + " expects at least 1 dimension, found 0");
        }
        long bytes = rowBytes(dims[0]);
        for (int i = 1; i < dims.length; i++) {
            if (dims[i] <= 0) {
                throw new BadInputException(
                        "dimension " + i + " of a tensor expects a positive number, found " + dims[i]);
            }
            bytes = multiply(bytes, dims[i]);
        }
        return bytes;
    }

    /**
     * The type with this id.
     *
     * @throws BadInputException if no known type has it
     */
    public static GgmlType ofId(int id) {
        GgmlType type = id >= 0 && id < BY_ID.length ? BY_ID[id] : null;
        if (type == null) {
            throw new BadInputException("tensor type " + Integer.toUnsignedString(id)
                    + " is not known (known ids reach from 0 to " + (BY_ID.length - 1) + ")");
        }
        return type;
    }

    private long multiply(long a, long b) {
        try {
            return Math.multiplyExact(a, b);
        } catch (ArithmeticException e) {
            throw new BadInputException(
                    "the bytes of a tensor of type " + this + " exceed 63 bits (" + a + " times " + b + ")", e);
        }
    }

    private static GgmlType[] byId() {
        GgmlType[] table = new GgmlType[43];
        for (GgmlType type : values()) {
            table[type.id] = type;
        }
        return table;
    }
}
