package dev.chaku.data;

import java.util.Arrays;
import java.util.Random;

/** Integers without a box each; it grows piece by piece, so that no large one is copied. Not thread-safe. */
final class IntSequence {
    private static final int PIECE_BITS = 14;
    private static final int PIECE = 1 << PIECE_BITS;

    private int[][] pieces = new int[1][16];
    private int size;

    void add(int value) {
        int piece = size >>> PIECE_BITS;
        int at = size & PIECE - 1;
        if (piece == pieces.length) {
            pieces = Arrays.copyOf(pieces, 2 * piece);
        }
        if (pieces[piece] == null) {
            pieces[piece] = new int[PIECE];
        } else if (at == pieces[piece].length) {
            pieces[piece] = Arrays.copyOf(pieces[piece], 2 * at);
        }
        pieces[piece][at] = value;
        size++;
    }

    int get(int i) {
        return pieces[i >>> PIECE_BITS][i & PIECE - 1];
    }

    int size() {
        return size;
    }

    int[] toArray() {
        int[] array = new int[size];
        for (int from = 0; from < size; from += PIECE) {
            System.arraycopy(pieces[from >>> PIECE_BITS], 0, array, from, Math.min(PIECE, size - from));
        }
        return array;
    }

    /** The numbers from 0 to n - 1. */
    static int[] upTo(int n) {
        int[] all = new int[n];
        Arrays.setAll(all, i -> i);
        return all;
    }

    /** Puts values into the order that {@link java.util.Collections#shuffle} gives a list. */
    static void shuffle(int[] values, Random random) {
        for (int i = values.length; i > 1; i--) {
            int other = random.nextInt(i);
            int value = values[i - 1];
            values[i - 1] = values[other];
            values[other] = value;
        }
    }
}
