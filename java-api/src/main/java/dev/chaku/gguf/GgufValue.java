package dev.chaku.gguf;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/** One metadata value. Immutable and thread-safe; equal values are equal byte for byte in a file. */
public sealed interface GgufValue permits GgufValue.Int, GgufValue.Real, GgufValue.Bool, GgufValue.Text, GgufArray {

    /** {@return the type that it has in a file} */
    GgufValueType type();

    /** {@return a short text for messages, for instance {@code uint32 7} or {@code array of 3 string}} */
    String describe();

    /**
     * An integer of one of the eight integer types.
     *
     * @param bits the value, sign- or zero-extended to 64 bits; a {@code UINT64} past 63 bits shows as a negative
     *     number
     */
    record Int(GgufValueType type, long bits) implements GgufValue {
        public Int {
            if (!type.isInteger() || bits != extend(type, bits)) {
                throw new IllegalArgumentException(bits + " is no " + type);
            }
        }

        /** {@return whether {@link #bits()} is the value itself, which only a {@code UINT64} past 63 bits is not} */
        public boolean fitsLong() {
            return type != GgufValueType.UINT64 || bits >= 0;
        }

        @Override
        public String describe() {
            return type + " " + (fitsLong() ? Long.toString(bits) : Long.toUnsignedString(bits));
        }

        static long extend(GgufValueType type, long bits) {
            return switch (type) {
                case UINT8 -> bits & 0xffL;
                case INT8 -> (byte) bits;
                case UINT16 -> bits & 0xffffL;
                case INT16 -> (short) bits;
                case UINT32 -> bits & 0xffffffffL;
                case INT32 -> (int) bits;
                default -> bits;
            };
        }
    }

    /**
     * A floating-point number.
     *
     * @param rawBits the IEEE bits, 32 (zero-extended) or 64 of them, so that NaN payloads survive
     */
    record Real(GgufValueType type, long rawBits) implements GgufValue {
        public Real {
            if (!type.isFloat() || (type == GgufValueType.FLOAT32 && rawBits >>> 32 != 0)) {
                throw new IllegalArgumentException("no bits of a " + type);
            }
        }

        /** {@return the number; exact for both types} */
        public double value() {
            return type == GgufValueType.FLOAT32
                    ? Float.intBitsToFloat((int) rawBits)
                    : Double.longBitsToDouble(rawBits);
        }

        @Override
        public String describe() {
            return type + " "
                    + (type == GgufValueType.FLOAT32 ? Float.toString((float) value()) : Double.toString(value()));
        }
    }

    /** A truth value. */
    record Bool(boolean value) implements GgufValue {
        @Override
        public GgufValueType type() {
            return GgufValueType.BOOL;
        }

        @Override
        public String describe() {
            return "bool " + value;
        }
    }

    /** A string, held as the bytes of the file: nothing obliges a writer to valid UTF-8. */
    final class Text implements GgufValue {
        private static final int SHOWN_CHARS = 40;

        private final byte[] utf8;

        Text(byte[] utf8) {
            this.utf8 = utf8;
        }

        /** {@return the string; bytes that are no valid UTF-8 become U+FFFD} */
        public String value() {
            return new String(utf8, StandardCharsets.UTF_8);
        }

        /** {@return a copy of the bytes} */
        public byte[] bytes() {
            return utf8.clone();
        }

        byte[] rawBytes() {
            return utf8;
        }

        @Override
        public GgufValueType type() {
            return GgufValueType.STRING;
        }

        @Override
        public String describe() {
            String text = value();
            return "string \"" + (text.length() <= SHOWN_CHARS ? text : text.substring(0, SHOWN_CHARS) + "…") + '"';
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Text text && Arrays.equals(utf8, text.utf8);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(utf8);
        }

        @Override
        public String toString() {
            return value();
        }
    }

    /**
     * {@return a {@code STRING}}
     *
     * @param value what it is set to
     */
    static GgufValue of(String value) {
        return new Text(value.getBytes(StandardCharsets.UTF_8));
    }

    /**
     * {@return a {@code BOOL}}
     *
     * @param value what it is set to
     */
    static GgufValue of(boolean value) {
        return new Bool(value);
    }

    /**
     * {@return a {@code FLOAT32}}
     *
     * @param value what it is set to
     */
    static GgufValue of(float value) {
        return new Real(GgufValueType.FLOAT32, Float.floatToRawIntBits(value) & 0xffffffffL);
    }

    /**
     * {@return a {@code FLOAT64}}
     *
     * @param value what it is set to
     */
    static GgufValue of(double value) {
        return new Real(GgufValueType.FLOAT64, Double.doubleToRawLongBits(value));
    }

    /**
     * {@return a {@code UINT32}, the type that most counts and ids have; throws IllegalArgumentException beyond its
     * range}
     *
     * @param value what it is set to
     */
    static GgufValue ofUint32(long value) {
        return new Int(GgufValueType.UINT32, value);
    }

    /**
     * {@return an {@code INT32}}
     *
     * @param value what it is set to
     */
    static GgufValue ofInt32(int value) {
        return new Int(GgufValueType.INT32, value);
    }

    /**
     * {@return a {@code UINT64}; the argument is read as unsigned}
     *
     * @param bits 64 bits, read as unsigned
     */
    static GgufValue ofUint64(long bits) {
        return new Int(GgufValueType.UINT64, bits);
    }

    /**
     * {@return an array of strings}
     *
     * @param values the elements, in their order
     */
    static GgufArray.Strings of(List<String> values) {
        return GgufArray.Strings.of(values);
    }

    /**
     * {@return an array of {@code INT32}}
     *
     * @param values the elements, in their order
     */
    static GgufArray.Numbers of(int... values) {
        return GgufArray.Numbers.of(values);
    }

    /**
     * {@return an array of truth values}
     *
     * @param values the elements, in their order
     */
    static GgufArray.Numbers of(boolean[] values) {
        return GgufArray.Numbers.of(values);
    }

    /**
     * {@return an array of {@code FLOAT32}}
     *
     * @param values the elements, in their order
     */
    static GgufArray.Numbers of(float[] values) {
        return GgufArray.Numbers.of(values);
    }
}
