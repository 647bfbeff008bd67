package dev.chaku.internal.generate.grammar;

import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

/**
 * The tokens of a vocabulary as a tree of their bytes, its nodes in the order of a walk that visits parents first: the
 * nodes below one follow it. Immutable and thread-safe.
 *
 * <p>Tokens that consist of ordinary characters alone are most of a vocabulary. Where a form takes any of those, they
 * are taken together as a {@link Slice}, and the walk visits the rest.
 */
final class TokenTrie {
    /** Tokens of so many characters at most, all of one set. */
    record Slice(int set, int mostCharacters, long[] bits) {}

    /** Sets of characters that slices consist of. */
    static final List<CharacterSet> SETS = List.of(
            CharacterSet.range(0x20, CharacterSet.MAXIMUM)
                    .minus(CharacterSet.of("\"\\"))
                    .minus(CharacterSet.of(0x7f)),
            CharacterSet.range('a', 'z').or(CharacterSet.range('A', 'Z')).or(CharacterSet.range('0', '9')));

    /** Longest pieces of each set that have a slice, in descending order. */
    static final int[] LENGTHS = {Integer.MAX_VALUE, 32, 16, 8};

    private final int vocabSize;
    private final byte[] label;
    private final int[] end;
    private final short[] depth;
    private final int[] tokenFrom;
    private final int[] tokens;
    private final byte[] inside;
    private final Slice[] slices;
    private final int maxDepth;
    private final byte[][] bytes;
    private final long[] ends;

    /**
     * Builds it.
     *
     * @param bytes of each token; empty for those that are no part of a text
     * @param endTokens tokens that end a text
     */
    TokenTrie(byte[][] bytes, BitSet endTokens) {
        this.bytes = bytes;
        this.vocabSize = bytes.length;
        this.ends = Arrays.copyOf(endTokens.toLongArray(), vocabSize + 63 >> 6);
        Integer[] sorted = new Integer[vocabSize];
        int n = 0;
        int total = 0;
        for (int id = 0; id < vocabSize; id++) {
            if (bytes[id].length > 0 && bytes[id].length < Short.MAX_VALUE) {
                sorted[n++] = id;
                total += bytes[id].length;
            }
        }
        Arrays.sort(sorted, 0, n, (a, b) -> Arrays.compareUnsigned(bytes[a], bytes[b]));
        this.tokens = new int[n];
        byte[] labels = new byte[total];
        int[] ending = new int[total];
        short[] depths = new short[total];
        int[] from = new int[total + 1];
        int[] path = new int[Short.MAX_VALUE];
        byte[] previous = {};
        int nodes = 0;
        int deepest = 0;
        for (int i = 0; i < n; i++) {
            byte[] text = bytes[sorted[i]];
            tokens[i] = sorted[i];
            int common = Arrays.mismatch(previous, text);
            common = common < 0 ? text.length : common;
            for (int d = previous.length; d > common; d--) {
                ending[path[d]] = nodes;
            }
            for (int d = common; d < text.length; d++) {
                path[d + 1] = nodes;
                labels[nodes] = text[d];
                depths[nodes] = (short) (d + 1);
                from[nodes++] = i;
            }
            deepest = Math.max(deepest, text.length);
            previous = text;
        }
        for (int d = previous.length; d > 0; d--) {
            ending[path[d]] = nodes;
        }
        from[nodes] = n;
        this.label = Arrays.copyOf(labels, nodes);
        this.end = Arrays.copyOf(ending, nodes);
        this.depth = Arrays.copyOf(depths, nodes);
        this.tokenFrom = Arrays.copyOf(from, nodes + 1);
        this.maxDepth = deepest;
        this.inside = new byte[nodes];
        this.slices = slice();
    }

    private Slice[] slice() {
        int words = words();
        Slice[] made = new Slice[SETS.size() * LENGTHS.length];
        for (int k = 0; k < made.length; k++) {
            made[k] = new Slice(k / LENGTHS.length, LENGTHS[k % LENGTHS.length], new long[words]);
        }
        byte[] member = new byte[vocabSize];
        for (int token : tokens) {
            for (int set = 0; set < SETS.size(); set++) {
                int length = lengthIn(bytes[token], SETS.get(set));
                for (int k = 0; length > 0 && k < LENGTHS.length; k++) {
                    if (length <= LENGTHS[k]) {
                        int at = set * LENGTHS.length + k;
                        member[token] |= (byte) (1 << at);
                        made[at].bits()[token >> 6] |= 1L << token;
                    }
                }
            }
        }
        for (int node = label.length - 1; node >= 0; node--) {
            int all = -1;
            for (int t = tokenFrom[node]; t < tokenFrom[node + 1]; t++) {
                all &= member[tokens[t]];
            }
            for (int child = node + 1; child < end[node]; child = end[child]) {
                all &= inside[child];
            }
            inside[node] = (byte) all;
        }
        return made;
    }

    /** How many characters of a set bytes are, -1 where they are not all of it. */
    private static int lengthIn(byte[] text, CharacterSet set) {
        int count = 0;
        for (int i = 0; i < text.length; count++) {
            int first = text[i] & 0xff;
            int length = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
            if (length == 0 || i + length > text.length) {
                return -1;
            }
            int character = length == 1 ? first : first & (0xff >> length + 1);
            for (int k = 1; k < length; k++) {
                if ((text[i + k] & 0xc0) != 0x80) {
                    return -1;
                }
                character = character << 6 | text[i + k] & 0x3f;
            }
            int least = length == 1 ? 0 : length == 2 ? 0x80 : length == 3 ? 0x800 : 0x10000;
            if (character < least || !set.has(character)) {
                return -1;
            }
            i += length;
        }
        return count;
    }

    int vocabSize() {
        return vocabSize;
    }

    int words() {
        return vocabSize + 63 >> 6;
    }

    /** One bit for each token that ends a text. */
    long[] ends() {
        return ends;
    }

    boolean isEnd(int token) {
        return (ends[token >> 6] & 1L << token) != 0;
    }

    byte[] bytes(int token) {
        return bytes[token];
    }

    int nodes() {
        return label.length;
    }

    int label(int node) {
        return label[node] & 0xff;
    }

    /** The first node after all that are below one. */
    int end(int node) {
        return end[node];
    }

    /** Bytes from the root to a node, at least 1. */
    int depth(int node) {
        return depth[node];
    }

    /** Bytes of the longest token. */
    int maxDepth() {
        return maxDepth;
    }

    /** Whether all tokens of a node and below are in a slice. */
    boolean isInside(int node, int slice) {
        return (inside[node] & 1 << slice) != 0;
    }

    /** Slices by set, and for each set by length in descending order. */
    Slice slice(int number) {
        return slices[number];
    }

    /** Sets the bits of the tokens that end at a node. */
    void addTokens(int node, long[] bits) {
        for (int t = tokenFrom[node]; t < tokenFrom[node + 1]; t++) {
            bits[tokens[t] >> 6] |= 1L << tokens[t];
        }
    }

    /** Bytes that are a token each. */
    BitSet singles() {
        BitSet found = new BitSet(256);
        for (int node = 0; node < label.length; node = end[node]) {
            if (tokenFrom[node] < tokenFrom[node + 1]) {
                found.set(label(node));
            }
        }
        return found;
    }

    /** The tokens of a text, the longest that fits first; every byte of it is a token. */
    int[] longestTokens(byte[] text) {
        IntList found = new IntList();
        for (int at = 0; at < text.length; ) {
            int best = -1;
            int length = 1;
            int limit = label.length;
            int node = 0;
            for (int i = at; i < text.length && node < limit; ) {
                if (label[node] != text[i]) {
                    node = end[node];
                    continue;
                }
                if (tokenFrom[node] < tokenFrom[node + 1]) {
                    best = tokens[tokenFrom[node]];
                    length = i + 1 - at;
                }
                limit = end[node++];
                i++;
            }
            if (best < 0) {
                return new int[0];
            }
            found.add(best);
            at += length;
        }
        return found.toArray();
    }
}
