package dev.chaku.gguf;

import dev.chaku.errors.BadInputException;
import java.util.Locale;

/** The thirteen types of a metadata value, each with its id in files and its size. */
public enum GgufValueType {
    /** Whole numbers of 8 bits without a sign. */
    UINT8(1),
    /** Whole numbers of 8 bits. */
    INT8(1),
    /** Whole numbers of 16 bits without a sign. */
    UINT16(2),
    /** Whole numbers of 16 bits. */
    INT16(2),
    /** Whole numbers of 32 bits without a sign: most counts and token ids. */
    UINT32(4),
    /** Whole numbers of 32 bits. */
    INT32(4),
    /** Numbers of IEEE 754 binary32. */
    FLOAT32(4),
    /** A truth value: one byte, 0 or 1. */
    BOOL(1),
    /** UTF-8 text behind its length. */
    STRING(0),
    /** Values of one type behind that type and their number. */
    ARRAY(0),
    /** Whole numbers of 64 bits without a sign. */
    UINT64(8),
    /** Whole numbers of 64 bits. */
    INT64(8),
    /** Numbers of IEEE 754 binary64. */
    FLOAT64(8);

    private static final GgufValueType[] BY_ID = values();

    private final int bytes;

    GgufValueType(int bytes) {
        this.bytes = bytes;
    }

    /** {@return the number that stands for this type in a file} */
    public int id() {
        return ordinal();
    }

    /** {@return bytes of one value; 0 for strings and arrays, whose size varies} */
    public int bytes() {
        return bytes;
    }

    /** {@return whether it is one of the eight integer types} */
    public boolean isInteger() {
        return switch (this) {
            case UINT8, INT8, UINT16, INT16, UINT32, INT32, UINT64, INT64 -> true;
            case FLOAT32, FLOAT64, BOOL, STRING, ARRAY -> false;
        };
    }

    /** {@return whether it is a floating-point type} */
    public boolean isFloat() {
        return this == FLOAT32 || this == FLOAT64;
    }

    /**
     * {@return the type with this id}
     *
     * @param id the number in a file
     * @throws BadInputException if there is none
     */
    public static GgufValueType ofId(int id) {
        if (id < 0 || id >= BY_ID.length) {
            throw new BadInputException(
                    "a value type expects an id from 0 to 12, found " + Integer.toUnsignedString(id));
        }
        return BY_ID[id];
    }

    /** The name as messages write it, for instance {@code uint32}. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
