package dev.chaku.gguf;

import dev.chaku.errors.BadInputException;
import java.util.Locale;

/** The thirteen types of a metadata value, each with its id in files and its size. */
public enum GgufValueType {
    UINT8(1),
    INT8(1),
    UINT16(2),
    INT16(2),
    UINT32(4),
    INT32(4),
    FLOAT32(4),
    BOOL(1),
    STRING(0),
    ARRAY(0),
    UINT64(8),
    INT64(8),
    FLOAT64(8);

    private static final GgufValueType[] BY_ID = values();

    private final int bytes;

    GgufValueType(int bytes) {
        this.bytes = bytes;
    }

    /** The number that stands for this type in a file. */
    public int id() {
        return ordinal();
    }

    /** Bytes of one value; 0 for strings and arrays, whose size varies. */
    public int bytes() {
        return bytes;
    }

    /** Whether it is one of the eight integer types. */
    public boolean isInteger() {
        return switch (this) {
            case UINT8, INT8, UINT16, INT16, UINT32, INT32, UINT64, INT64 -> true;
            case FLOAT32, FLOAT64, BOOL, STRING, ARRAY -> false;
        };
    }

    /** Whether it is a floating-point type. */
    public boolean isFloat() {
        return this == FLOAT32 || this == FLOAT64;
    }

    /**
     * The type with this id.
     *
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
