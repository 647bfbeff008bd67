package dev.chaku.gguf;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/**
 * An array of metadata values, all of one type. Immutable and thread-safe.
 *
 * <p>Numbers stay packed as in the file and strings share one byte array, so that a vocabulary of a few hundred
 * thousand tokens costs about its bytes on disk and no object per token.
 */
public sealed interface GgufArray extends GgufValue permits GgufArray.Numbers, GgufArray.Strings, GgufArray.Nested {

    /** {@return the type of every element} */
    GgufValueType elementType();

    /** {@return the number of elements} */
    int size();

    @Override
    default GgufValueType type() {
        return GgufValueType.ARRAY;
    }

    @Override
    default String describe() {
        return "array of " + size() + " " + elementType();
    }

    /** Integers, floating-point numbers or truth values (0 and 1), packed. */
    final class Numbers implements GgufArray {
        private final GgufValueType elementType;
        private final ByteBuffer packed;

        /** Takes ownership of the bytes, which are little endian. */
        Numbers(GgufValueType elementType, byte[] packed) {
            this.elementType = elementType;
            this.packed = ByteBuffer.wrap(packed).order(ByteOrder.LITTLE_ENDIAN);
        }

        /**
         * {@return integers, as {@code INT32}}
         *
         * @param values the elements, in their order
         */
        public static Numbers of(int... values) {
            ByteBuffer bytes =
                    ByteBuffer.allocate(Math.multiplyExact(4, values.length)).order(ByteOrder.LITTLE_ENDIAN);
            bytes.asIntBuffer().put(values);
            return new Numbers(GgufValueType.INT32, bytes.array());
        }

        /**
         * {@return floating-point numbers, as {@code FLOAT32}}
         *
         * @param values the elements, in their order
         */
        public static Numbers of(float[] values) {
            ByteBuffer bytes =
                    ByteBuffer.allocate(Math.multiplyExact(4, values.length)).order(ByteOrder.LITTLE_ENDIAN);
            bytes.asFloatBuffer().put(values);
            return new Numbers(GgufValueType.FLOAT32, bytes.array());
        }

        /**
         * {@return bytes without sign, as {@code UINT8}}
         *
         * @param values the elements, in their order
         */
        public static Numbers of(byte[] values) {
            return new Numbers(GgufValueType.UINT8, values.clone());
        }

        /**
         * {@return truth values, as {@code BOOL}}
         *
         * @param values the elements, in their order
         */
        public static Numbers of(boolean... values) {
            byte[] bytes = new byte[values.length];
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = (byte) (values[i] ? 1 : 0);
            }
            return new Numbers(GgufValueType.BOOL, bytes);
        }

        @Override
        public GgufValueType elementType() {
            return elementType;
        }

        @Override
        public int size() {
            return packed.capacity() / elementType.bytes();
        }

        /**
         * {@return the element as an integer; floating-point elements are cut towards zero, UINT64 past 63 bits shows
         * negative}
         *
         * @param index counted from 0
         */
        public long longAt(int index) {
            return switch (elementType) {
                case UINT8, BOOL -> packed.get(index) & 0xff;
                case INT8 -> packed.get(index);
                case UINT16 -> packed.getShort(2 * index) & 0xffff;
                case INT16 -> packed.getShort(2 * index);
                case UINT32 -> packed.getInt(4 * index) & 0xffffffffL;
                case INT32 -> packed.getInt(4 * index);
                case UINT64, INT64 -> packed.getLong(8 * index);
                case FLOAT32 -> (long) packed.getFloat(4 * index);
                case FLOAT64 -> (long) packed.getDouble(8 * index);
                case STRING, ARRAY -> throw new IllegalStateException("no numbers: " + elementType);
            };
        }

        /**
         * {@return the element as a floating-point number}
         *
         * @param index counted from 0
         */
        public double doubleAt(int index) {
            return switch (elementType) {
                case FLOAT32 -> packed.getFloat(4 * index);
                case FLOAT64 -> packed.getDouble(8 * index);
                default -> longAt(index);
            };
        }

        /** {@return every element cut to 32 bits} */
        public int[] toInts() {
            int[] values = new int[size()];
            for (int i = 0; i < values.length; i++) {
                values[i] = (int) longAt(i);
            }
            return values;
        }

        /** {@return every element rounded to a float} */
        public float[] toFloats() {
            float[] values = new float[size()];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) doubleAt(i);
            }
            return values;
        }

        byte[] rawBytes() {
            return packed.array();
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Numbers numbers
                    && elementType == numbers.elementType
                    && Arrays.equals(packed.array(), numbers.packed.array());
        }

        @Override
        public int hashCode() {
            return 31 * elementType.hashCode() + Arrays.hashCode(packed.array());
        }

        @Override
        public String toString() {
            return describe();
        }
    }

    /** Strings, as the bytes of the file in one array. */
    final class Strings implements GgufArray {
        private final byte[] bytes;
        private final int[] ends;

        /** Takes ownership: string i is {@code bytes[ends[i-1], ends[i])}, with 0 before the first. */
        Strings(byte[] bytes, int[] ends) {
            this.bytes = bytes;
            this.ends = ends;
        }

        /**
         * {@return strings, as UTF-8}
         *
         * @param values the elements, in their order
         */
        public static Strings of(List<String> values) {
            byte[][] encoded = new byte[values.size()][];
            int[] ends = new int[encoded.length];
            int end = 0;
            for (int i = 0; i < encoded.length; i++) {
                encoded[i] = values.get(i).getBytes(StandardCharsets.UTF_8);
                end = Math.addExact(end, encoded[i].length);
                ends[i] = end;
            }
            byte[] bytes = new byte[end];
            for (int i = 0; i < encoded.length; i++) {
                System.arraycopy(encoded[i], 0, bytes, ends[i] - encoded[i].length, encoded[i].length);
            }
            return new Strings(bytes, ends);
        }

        @Override
        public GgufValueType elementType() {
            return GgufValueType.STRING;
        }

        @Override
        public int size() {
            return ends.length;
        }

        /**
         * {@return a string; bytes that are no valid UTF-8 become U+FFFD}
         *
         * @param index counted from 0
         */
        public String get(int index) {
            return new String(bytes, start(index), byteLength(index), StandardCharsets.UTF_8);
        }

        /**
         * {@return the length of a string in bytes}
         *
         * @param index counted from 0
         */
        public int byteLength(int index) {
            return ends[index] - start(index);
        }

        /**
         * {@return a copy of a string's bytes}
         *
         * @param index counted from 0
         */
        public byte[] bytesAt(int index) {
            return Arrays.copyOfRange(bytes, start(index), ends[index]);
        }

        /** {@return all strings in a new list} */
        public List<String> toList() {
            String[] values = new String[size()];
            for (int i = 0; i < values.length; i++) {
                values[i] = get(i);
            }
            return List.of(values);
        }

        private int start(int index) {
            return index == 0 ? 0 : ends[index - 1];
        }

        byte[] rawBytes() {
            return bytes;
        }

        int rawStart(int index) {
            return start(index);
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Strings strings
                    && Arrays.equals(ends, strings.ends)
                    && Arrays.equals(bytes, strings.bytes);
        }

        @Override
        public int hashCode() {
            return 31 * Arrays.hashCode(ends) + Arrays.hashCode(bytes);
        }

        @Override
        public String toString() {
            return describe();
        }
    }

    /** Arrays in an array; each element has a type of its own. */
    record Nested(List<GgufArray> elements) implements GgufArray {
        public Nested {
            elements = List.copyOf(elements);
        }

        @Override
        public GgufValueType elementType() {
            return GgufValueType.ARRAY;
        }

        @Override
        public int size() {
            return elements.size();
        }
    }
}
