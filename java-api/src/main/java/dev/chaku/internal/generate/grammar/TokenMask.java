package dev.chaku.internal.generate.grammar;

import java.util.Arrays;

/** The tokens that may come next, one bit each. Immutable. */
final class TokenMask {
    private final long[] bits;
    private final int count;
    private final int single;

    private TokenMask(long[] bits, int count, int single) {
        this.bits = bits;
        this.count = count;
        this.single = single;
    }

    /** Of one bit a token; not copied. */
    static TokenMask of(long[] bits) {
        int count = 0;
        int single = -1;
        int last = -1;
        for (int w = 0; w < bits.length; w++) {
            if (bits[w] != 0) {
                count += Long.bitCount(bits[w]);
                single = 64 * w + Long.numberOfTrailingZeros(bits[w]);
                last = w;
            }
        }
        return new TokenMask(Arrays.copyOf(bits, last + 1), count, count == 1 ? single : -1);
    }

    /** How many may come. */
    int count() {
        return count;
    }

    /** The only one that may come, or -1. */
    int single() {
        return single;
    }

    boolean has(int token) {
        return token >> 6 < bits.length && (bits[token >> 6] & 1L << token) != 0;
    }

    /** The first that may come from a token on, or -1. */
    int next(int from) {
        int w = from >> 6;
        if (w >= bits.length) {
            return -1;
        }
        long word = bits[w] & -1L << from;
        while (word == 0) {
            if (++w == bits.length) {
                return -1;
            }
            word = bits[w];
        }
        return 64 * w + Long.numberOfTrailingZeros(word);
    }

    /** Bytes that it takes. */
    int bytes() {
        return Long.BYTES * bits.length + 32;
    }
}
