package dev.chaku.data;

import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A record as bytes and back, every value exactly as it was: numbers keep their bits, texts that are no whole Unicode
 * their halves. A value is a tag, a length where it has one (seven bits a byte, the low ones first), and what it holds.
 */
final class RecordCodec {
    private static final int NULL = 0;
    private static final int TRUE = 1;
    private static final int FALSE = 2;
    private static final int LONG = 3;
    private static final int DOUBLE = 4;
    private static final int BIG_INTEGER = 5;
    private static final int TEXT = 6;
    /** A text with half a character in it, as UTF-16. */
    private static final int CHARS = 7;

    private static final int LIST = 8;
    private static final int MAP = 9;

    private RecordCodec() {}

    static byte[] encode(@Nullable Object record) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(256);
        write(record, out);
        return out.toByteArray();
    }

    static @Nullable Object decode(byte[] bytes) {
        return read(ByteBuffer.wrap(bytes));
    }

    private static void write(@Nullable Object value, ByteArrayOutputStream out) {
        if (value == null) {
            out.write(NULL);
        } else if (value instanceof String text) {
            text(text, out);
        } else if (value instanceof Map<?, ?> map) {
            head(MAP, map.size(), out);
            map.forEach((key, entry) -> {
                write(key, out);
                write(entry, out);
            });
        } else if (value instanceof List<?> list) {
            head(LIST, list.size(), out);
            list.forEach(entry -> write(entry, out));
        } else if (value instanceof Boolean truth) {
            out.write(truth ? TRUE : FALSE);
        } else if (value instanceof BigInteger integer) {
            bytes(BIG_INTEGER, integer.toByteArray(), out);
        } else if (value instanceof Double number) {
            out.write(DOUBLE);
            out.writeBytes(ByteBuffer.allocate(Long.BYTES).putDouble(number).array());
        } else if (value instanceof Long number) {
            out.write(LONG);
            out.writeBytes(ByteBuffer.allocate(Long.BYTES).putLong(number).array());
        } else {
            throw new IllegalArgumentException(
                    "expected a value of JSON, got a " + value.getClass().getName());
        }
    }

    private static void text(String text, ByteArrayOutputStream out) {
        try {
            ByteBuffer encoded = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text));
            head(TEXT, encoded.remaining(), out);
            out.write(encoded.array(), encoded.position(), encoded.remaining());
        } catch (CharacterCodingException e) {
            ByteBuffer chars = ByteBuffer.allocate(text.length() * Character.BYTES);
            chars.asCharBuffer().put(text);
            bytes(CHARS, chars.array(), out);
        }
    }

    private static void bytes(int tag, byte[] bytes, ByteArrayOutputStream out) {
        head(tag, bytes.length, out);
        out.writeBytes(bytes);
    }

    private static void head(int tag, int length, ByteArrayOutputStream out) {
        out.write(tag);
        int rest = length;
        for (; rest >= 0x80; rest >>>= 7) {
            out.write(rest & 0x7F | 0x80);
        }
        out.write(rest);
    }

    private static @Nullable Object read(ByteBuffer in) {
        int tag = in.get();
        return switch (tag) {
            case NULL -> null;
            case TRUE -> Boolean.TRUE;
            case FALSE -> Boolean.FALSE;
            case LONG -> in.getLong();
            case DOUBLE -> in.getDouble();
            case BIG_INTEGER -> new BigInteger(bytes(in));
            case TEXT -> new String(bytes(in), StandardCharsets.UTF_8);
            case CHARS -> ByteBuffer.wrap(bytes(in)).asCharBuffer().toString();
            case LIST -> list(in);
            case MAP -> map(in);
            default -> throw new IllegalStateException("expected a tag of a value, found " + tag);
        };
    }

    private static List<@Nullable Object> list(ByteBuffer in) {
        int n = length(in);
        List<@Nullable Object> list = new ArrayList<>(n);
        for (int i = 0; i < n; i++) {
            list.add(read(in));
        }
        return list;
    }

    private static Map<Object, @Nullable Object> map(ByteBuffer in) {
        Map<Object, @Nullable Object> map = new LinkedHashMap<>();
        for (int n = length(in); n > 0; n--) {
            map.put(String.valueOf(read(in)), read(in));
        }
        return map;
    }

    private static byte[] bytes(ByteBuffer in) {
        byte[] bytes = new byte[length(in)];
        in.get(bytes);
        return bytes;
    }

    private static int length(ByteBuffer in) {
        int length = 0;
        for (int shift = 0; ; shift += 7) {
            int b = in.get();
            length |= (b & 0x7F) << shift;
            if (b >= 0) {
                return length;
            }
        }
    }
}
