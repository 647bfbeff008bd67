package dev.chaku.gguf;

import dev.chaku.errors.BadInputException;

/**
 * An element or block format of a tensor: its id in files, the elements of one block and the bytes they take.
 *
 * <p>A plain number is a block of one element. The table says how a format lies in a file, not whether the core
 * computes with it.
 */
public enum GgmlType {
    /** Type 0 of ggml: 4 bytes a value. */
    F32(0, 1, 4),
    /** Type 1 of ggml: 2 bytes a value. */
    F16(1, 1, 2),
    /** Type 2 of ggml: blocks of 32 values in 18 bytes. */
    Q4_0(2, 32, 18),
    /** Type 3 of ggml: blocks of 32 values in 20 bytes. */
    Q4_1(3, 32, 20),
    /** Type 6 of ggml: blocks of 32 values in 22 bytes. */
    Q5_0(6, 32, 22),
    /** Type 7 of ggml: blocks of 32 values in 24 bytes. */
    Q5_1(7, 32, 24),
    /** Type 8 of ggml: blocks of 32 values in 34 bytes. */
    Q8_0(8, 32, 34),
    /** Type 9 of ggml: blocks of 32 values in 36 bytes. */
    Q8_1(9, 32, 36),
    /** Type 10 of ggml: blocks of 256 values in 84 bytes. */
    Q2_K(10, 256, 84),
    /** Type 11 of ggml: blocks of 256 values in 110 bytes. */
    Q3_K(11, 256, 110),
    /** Type 12 of ggml: blocks of 256 values in 144 bytes. */
    Q4_K(12, 256, 144),
    /** Type 13 of ggml: blocks of 256 values in 176 bytes. */
    Q5_K(13, 256, 176),
    /** Type 14 of ggml: blocks of 256 values in 210 bytes. */
    Q6_K(14, 256, 210),
    /** Type 15 of ggml: blocks of 256 values in 292 bytes. */
    Q8_K(15, 256, 292),
    /** Type 16 of ggml: blocks of 256 values in 66 bytes. */
    IQ2_XXS(16, 256, 66),
    /** Type 17 of ggml: blocks of 256 values in 74 bytes. */
    IQ2_XS(17, 256, 74),
    /** Type 18 of ggml: blocks of 256 values in 98 bytes. */
    IQ3_XXS(18, 256, 98),
    /** Type 19 of ggml: blocks of 256 values in 50 bytes. */
    IQ1_S(19, 256, 50),
    /** Type 20 of ggml: blocks of 32 values in 18 bytes. */
    IQ4_NL(20, 32, 18),
    /** Type 21 of ggml: blocks of 256 values in 110 bytes. */
    IQ3_S(21, 256, 110),
    /** Type 22 of ggml: blocks of 256 values in 82 bytes. */
    IQ2_S(22, 256, 82),
    /** Type 23 of ggml: blocks of 256 values in 136 bytes. */
    IQ4_XS(23, 256, 136),
    /** Type 24 of ggml: 1 bytes a value. */
    I8(24, 1, 1),
    /** Type 25 of ggml: 2 bytes a value. */
    I16(25, 1, 2),
    /** Type 26 of ggml: 4 bytes a value. */
    I32(26, 1, 4),
    /** Type 27 of ggml: 8 bytes a value. */
    I64(27, 1, 8),
    /** Type 28 of ggml: 8 bytes a value. */
    F64(28, 1, 8),
    /** Type 29 of ggml: blocks of 256 values in 56 bytes. */
    IQ1_M(29, 256, 56),
    /** Type 30 of ggml: 2 bytes a value. */
    BF16(30, 1, 2),
    /** Type 34 of ggml: blocks of 256 values in 54 bytes. */
    TQ1_0(34, 256, 54),
    /** Type 35 of ggml: blocks of 256 values in 66 bytes. */
    TQ2_0(35, 256, 66),
    /** Type 39 of ggml: blocks of 32 values in 17 bytes. */
    MXFP4(39, 32, 17),
    /** Type 40 of ggml: blocks of 64 values in 36 bytes. */
    NVFP4(40, 64, 36),
    /** Type 41 of ggml: blocks of 128 values in 18 bytes. */
    Q1_0(41, 128, 18),
    /** Type 42 of ggml: blocks of 64 values in 18 bytes. */
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

    /** {@return the number that stands for this type in a file} */
    public int id() {
        return id;
    }

    /** {@return elements per block, at least 1} */
    public int blockElements() {
        return blockElements;
    }

    /** {@return bytes per block} */
    public int blockBytes() {
        return blockBytes;
    }

    /** {@return whether several elements share a block (and its scale)} */
    public boolean isQuantized() {
        return blockElements > 1;
    }

    /**
     * {@return bytes of one row}
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
     * {@return bytes of a whole tensor}
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
     * {@return the type with this id}
     *
     * @param id the number in a file
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
