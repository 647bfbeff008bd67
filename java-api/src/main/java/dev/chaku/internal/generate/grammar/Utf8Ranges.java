package dev.chaku.internal.generate.grammar;

/**
 * Ranges of characters as sequences of ranges of bytes.
 *
 * <p>A range is split where the number of bytes changes, and then until all but the first differing byte run over their
 * whole range, so that a path of byte ranges stands for it.
 */
final class Utf8Ranges {
    private static final int[] LAST_OF_LENGTH = {0x7f, 0x7ff, 0xffff, 0x10ffff};

    private Utf8Ranges() {}

    static void add(AutomatonBuilder builder, int from, int to, int first, int last) {
        for (int length = 1; length <= 4; length++) {
            int least = length == 1 ? 0 : LAST_OF_LENGTH[length - 2] + 1;
            int most = LAST_OF_LENGTH[length - 1];
            if (first <= most && last >= least) {
                split(builder, from, to, Math.max(first, least), Math.min(last, most), length);
            }
        }
    }

    private static void split(AutomatonBuilder builder, int from, int to, int first, int last, int length) {
        for (int bytes = 1; bytes < length; bytes++) {
            int mask = (1 << 6 * bytes) - 1;
            if ((first & ~mask) != (last & ~mask)) {
                if ((first & mask) != 0) {
                    split(builder, from, to, first, first | mask, length);
                    split(builder, from, to, (first | mask) + 1, last, length);
                    return;
                }
                if ((last & mask) != mask) {
                    split(builder, from, to, first, (last & ~mask) - 1, length);
                    split(builder, from, to, last & ~mask, last, length);
                    return;
                }
            }
        }
        int state = from;
        for (int i = 0; i < length; i++) {
            int next = i == length - 1 ? to : builder.state();
            builder.edge(state, byteAt(first, i, length), byteAt(last, i, length), next);
            state = next;
        }
    }

    private static int byteAt(int character, int at, int length) {
        int bits = character >> 6 * (length - 1 - at);
        if (at > 0) {
            return 0x80 | bits & 0x3f;
        }
        return switch (length) {
            case 1 -> bits;
            case 2 -> 0xc0 | bits;
            case 3 -> 0xe0 | bits;
            default -> 0xf0 | bits;
        };
    }
}
