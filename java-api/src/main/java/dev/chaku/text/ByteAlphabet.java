package dev.chaku.text;

import java.util.Arrays;

/**
 * The printable characters that stand for bytes in byte-level BPE vocabularies: a printable byte of Latin-1 stands for
 * itself, the other 68 are numbered from U+0100 on.
 *
 * <p>Source: {@code bytes_to_unicode} of GPT-2's encoder.py.
 */
final class ByteAlphabet {
    private static final char[] CHARS = chars();
    private static final short[] BYTES = bytes();

    private ByteAlphabet() {}

    /** The character of a byte from 0 to 255. */
    static char charOf(int value) {
        return CHARS[value];
    }

    /** The spelling of bytes. */
    static String encode(byte[] bytes) {
        char[] spelling = new char[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            spelling[i] = CHARS[bytes[i] & 0xff];
        }
        return new String(spelling);
    }

    /**
     * Turns a spelling, itself given as UTF-8, into the bytes that it stands for.
     *
     * @param target takes at most as many bytes as the spelling has
     * @return how many bytes that are, or -1 if some character stands for none
     */
    static int decode(byte[] spelling, int from, int to, byte[] target) {
        int length = 0;
        int position = from;
        while (position < to) {
            int value = spelling[position++];
            if (value < 0) {
                // Only characters of two bytes, below U+0200, are in the alphabet.
                if ((value & 0xf8) != 0xc0 || position == to || (spelling[position] & 0xc0) != 0x80) {
                    return -1;
                }
                value = (value & 0x1f) << 6 | spelling[position++] & 0x3f;
            }
            if (value >= BYTES.length || BYTES[value] < 0) {
                return -1;
            }
            target[length++] = (byte) BYTES[value];
        }
        return length;
    }

    private static char[] chars() {
        char[] chars = new char[256];
        char next = 256;
        for (int i = 0; i < 256; i++) {
            boolean printable = i >= '!' && i <= '~' || i >= 0xa1 && i <= 0xac || i >= 0xae;
            chars[i] = printable ? (char) i : next++;
        }
        return chars;
    }

    private static short[] bytes() {
        short[] bytes = new short[256 + 68];
        Arrays.fill(bytes, (short) -1);
        for (short i = 0; i < 256; i++) {
            bytes[CHARS[i]] = i;
        }
        return bytes;
    }
}
