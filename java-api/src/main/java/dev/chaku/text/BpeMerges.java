package dev.chaku.text;

import dev.chaku.gguf.GgufArray;
import java.util.Arrays;

/**
 * Byte-level BPE: a word begins as its bytes, and the adjacent pair of least rank, the leftmost of equals, is merged
 * until none is left.
 *
 * <p>A heap of (rank, position) over a doubly linked list makes this O(n log n) in the length of the word. An entry is
 * stale when the pair at its position now has another rank; since a rank names one pair, that is the whole check.
 *
 * <p>Merging works on symbols, which are all strings that a merge mentions or makes: a merge may pass through a string
 * that is no token.
 *
 * <p>Source: Sennrich, Haddow, Birch, "Neural Machine Translation of Rare Words with Subword Units", 2016.
 */
final class BpeMerges {
    private static final int NO_TOKEN = -1;

    private final TokenTable symbols;
    private final int[] symbolTokens;
    private final int[] byteSymbols = new int[256];
    private final PairTable pairs;
    private final int[] results;

    BpeMerges(GgufArray.Strings tokens, GgufArray.Strings merges) {
        symbols = new TokenTable(tokens.size() + 256);
        pairs = new PairTable(merges.size());
        results = new int[merges.size()];
        int[] tokenOf = new int[tokens.size() + 256];
        Arrays.fill(tokenOf, NO_TOKEN);
        for (int id = 0; id < tokens.size(); id++) {
            byte[] spelling = tokens.bytesAt(id);
            byte[] raw = new byte[spelling.length];
            int length = ByteAlphabet.decode(spelling, 0, spelling.length, raw);
            if (length > 0) {
                tokenOf[symbols.intern(raw, 0, length)] = id;
            }
        }
        for (int value = 0; value < 256; value++) {
            byteSymbols[value] = symbols.intern(new byte[] {(byte) value}, 0, 1);
        }
        for (int rank = 0; rank < results.length; rank++) {
            addMerge(merges.bytesAt(rank), rank);
        }
        symbolTokens = Arrays.copyOf(tokenOf, symbols.size());
        if (symbols.size() > tokenOf.length) {
            Arrays.fill(symbolTokens, tokenOf.length, symbols.size(), NO_TOKEN);
        }
    }

    /** The token that a word is as a whole, or -1. */
    int wholeToken(byte[] utf8, int from, int to) {
        int symbol = symbols.find(utf8, from, to);
        return symbol < 0 ? NO_TOKEN : symbolTokens[symbol];
    }

    /** Arrays for merging, to be used by one thread at a time and again for the next word. */
    static final class Scratch {
        private final LongHeap heap = new LongHeap();
        private int[] symbol = new int[0];
        private int[] rank = new int[0];
        private int[] next = new int[0];
        private int[] previous = new int[0];

        private void reserve(int length) {
            if (symbol.length < length) {
                int capacity = Math.max(64, length);
                symbol = new int[capacity];
                rank = new int[capacity];
                next = new int[capacity];
                previous = new int[capacity];
            }
        }
    }

    /** Encodes one word of at least one byte. */
    void encode(byte[] utf8, int from, int to, Scratch scratch, TokenBuffer out) {
        int length = to - from;
        scratch.reserve(length);
        int[] symbol = scratch.symbol;
        int[] next = scratch.next;
        for (int i = 0; i < length; i++) {
            symbol[i] = byteSymbols[utf8[from + i] & 0xff];
            next[i] = i + 1 < length ? i + 1 : -1;
            scratch.previous[i] = i - 1;
        }
        for (int i = 0; i < length; i++) {
            rankPair(i, scratch);
        }
        while (!scratch.heap.isEmpty()) {
            long entry = scratch.heap.removeLeast();
            int position = (int) entry;
            if (scratch.rank[position] == (int) (entry >>> 32)) {
                merge(position, scratch);
            }
        }
        for (int i = 0; i >= 0; i = next[i]) {
            emit(symbol[i], out);
        }
    }

    private void merge(int position, Scratch scratch) {
        int absorbed = scratch.next[position];
        int after = scratch.next[absorbed];
        scratch.symbol[position] = results[scratch.rank[position]];
        scratch.rank[absorbed] = PairTable.NO_RANK;
        scratch.next[position] = after;
        if (after >= 0) {
            scratch.previous[after] = position;
        }
        if (scratch.previous[position] >= 0) {
            rankPair(scratch.previous[position], scratch);
        }
        rankPair(position, scratch);
    }

    private void rankPair(int position, Scratch scratch) {
        int right = scratch.next[position];
        int rank = right < 0 ? PairTable.NO_RANK : pairs.rank(scratch.symbol[position], scratch.symbol[right]);
        scratch.rank[position] = rank;
        if (rank != PairTable.NO_RANK) {
            scratch.heap.add((long) rank << 32 | position);
        }
    }

    /**
     * Adds a symbol's token. A symbol that is none falls to the tokens of its bytes that are printable ASCII; others
     * are dropped, as in llama.cpp, which complete vocabularies, having all bytes, never come to.
     */
    private void emit(int symbol, TokenBuffer out) {
        int token = symbolTokens[symbol];
        if (token != NO_TOKEN) {
            out.add(token);
            return;
        }
        for (int i = symbols.start(symbol); i < symbols.end(symbol); i++) {
            byte value = symbols.bytes()[i];
            int byteToken = symbolTokens[byteSymbols[value & 0xff]];
            if (value > ' ' && value < 0x7f && byteToken != NO_TOKEN) {
                out.add(byteToken);
            }
        }
    }

    private void addMerge(byte[] line, int rank) {
        int space = 1;
        while (space < line.length && line[space] != ' ') {
            space++;
        }
        if (space >= line.length) {
            return;
        }
        byte[] raw = new byte[line.length];
        byte[] rawRight = new byte[line.length];
        int leftLength = ByteAlphabet.decode(line, 0, space, raw);
        int rightLength = ByteAlphabet.decode(line, space + 1, line.length, rawRight);
        if (leftLength <= 0 || rightLength <= 0) {
            return;
        }
        int left = symbols.intern(raw, 0, leftLength);
        int right = symbols.intern(rawRight, 0, rightLength);
        System.arraycopy(rawRight, 0, raw, leftLength, rightLength);
        results[rank] = symbols.intern(raw, 0, leftLength + rightLength);
        pairs.putIfAbsent(left, right, rank);
    }
}
