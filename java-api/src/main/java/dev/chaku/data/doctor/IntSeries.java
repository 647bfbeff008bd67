package dev.chaku.data.doctor;

import java.util.Arrays;

/** Numbers added one by one; they are kept in pieces, so that no large one is copied. */
final class IntSeries {
    private static final int PIECE_BITS = 12;
    private static final int PIECE = 1 << PIECE_BITS;

    private int[][] pieces = new int[4][];
    private int n;

    void add(int value) {
        int piece = n >>> PIECE_BITS;
        if (piece == pieces.length) {
            pieces = Arrays.copyOf(pieces, 2 * piece);
        }
        if (pieces[piece] == null) {
            pieces[piece] = new int[PIECE];
        }
        pieces[piece][n++ & PIECE - 1] = value;
    }

    int get(int i) {
        return pieces[i >>> PIECE_BITS][i & PIECE - 1];
    }

    int size() {
        return n;
    }

    int[] sorted() {
        int[] sorted = new int[n];
        for (int from = 0; from < n; from += PIECE) {
            System.arraycopy(pieces[from >>> PIECE_BITS], 0, sorted, from, Math.min(PIECE, n - from));
        }
        Arrays.sort(sorted);
        return sorted;
    }
}
