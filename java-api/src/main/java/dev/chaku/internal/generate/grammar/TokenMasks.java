package dev.chaku.internal.generate.grammar;

import java.util.HashMap;
import java.util.Map;

/**
 * Says which tokens may follow a state. Not thread-safe.
 *
 * <p>Most of the answer does not depend on who called a rule: for each state of the network it is found once, by a walk
 * over the tree of tokens, and kept with those places of the tree where the rule ends within a token [1]. Only from
 * there on callers are asked. What a state of the machine may take is kept with it.
 *
 * <p>[1] Dong et al., XGrammar, arXiv 2411.15100, calls these tokens context-dependent.
 */
final class TokenMasks {
    /** Bytes of masks after which all are forgotten. */
    private static final long MOST_BYTES = 96L << 20;

    private final TokenTrie trie;
    private final Machine machine;
    private final Network network;
    private final FreeText free;
    private final Map<Integer, Local> locals = new HashMap<>();
    private final ParseState[] path;
    private long bytes;

    /**
     * What a state of the network takes, its callers unknown.
     *
     * @param bits tokens that it takes, one bit each
     * @param escapes by byte, the nodes of the tree that follow the end of the rule; null where there are none
     */
    private record Local(long[] bits, int[][] escapes) {}

    TokenMasks(TokenTrie trie, Machine machine) {
        this.trie = trie;
        this.machine = machine;
        this.network = machine.network();
        this.free = new FreeText(network);
        this.path = new ParseState[trie.maxDepth() + 1];
    }

    /** The tokens that may follow; those that end the text where it may end. */
    TokenMask of(ParseState state) {
        TokenMask known = state.mask;
        if (known != null) {
            return known;
        }
        long[] bits = new long[trie.words()];
        for (int i = 0; i < state.positions.length; i++) {
            add(state.positions[i], state.nodes[i], bits);
        }
        if (state.accepting) {
            or(bits, trie.ends());
        }
        TokenMask made = TokenMask.of(bits);
        state.mask = made;
        bytes += made.bytes();
        return made;
    }

    /** Whether so much is remembered that it is time to forget. */
    boolean isFull() {
        return bytes > MOST_BYTES;
    }

    void forget() {
        locals.clear();
        bytes = 0;
    }

    private void add(int position, StackNode node, long[] bits) {
        for (int e = network.tokensFrom[position]; e < network.bytesFrom[position + 1]; e++) {
            TokenSet set = network.tokens(e);
            for (int id = 0; id < trie.vocabSize(); id++) {
                if (set.has(id)) {
                    bits[id >> 6] |= 1L << id;
                }
            }
        }
        Local local = local(position);
        or(bits, local.bits());
        ParseState after = machine.after(node);
        if (after == machine.dead) {
            return;
        }
        for (int value = 0; value < local.escapes().length; value++) {
            int[] children = local.escapes()[value];
            ParseState next = children == null ? machine.dead : machine.next(after, value);
            for (int i = 0; next != machine.dead && i < children.length; i++) {
                trie.addTokens(children[i], bits);
                walk(children[i] + 1, trie.end(children[i]), next, -1, bits, null);
            }
        }
    }

    private Local local(int position) {
        Local known = locals.get(position);
        if (known == null) {
            known = makeLocal(position);
            locals.put(position, known);
            bytes += 8L * known.bits().length;
            for (int[] children : known.escapes()) {
                bytes += children == null ? 0 : 4L * children.length;
            }
        }
        return known;
    }

    private Local makeLocal(int position) {
        long[] bits = new long[trie.words()];
        IntList[] escapes = new IntList[256];
        int slice = slice(position);
        if (slice >= 0) {
            or(bits, trie.slice(slice).bits());
        }
        walk(0, trie.nodes(), machine.alone(position), slice, bits, escapes);
        int last = 0;
        for (int value = 0; value < 256; value++) {
            last = escapes[value] == null ? last : value + 1;
        }
        int[][] found = new int[last][];
        for (int value = 0; value < last; value++) {
            found[value] = escapes[value] == null ? null : escapes[value].toArray();
        }
        return new Local(bits, found);
    }

    /** The largest slice that a state takes as a whole, or -1. */
    private int slice(int position) {
        for (int set = 0; set < TokenTrie.SETS.size(); set++) {
            int capacity = free.capacity(position, set);
            for (int k = 0; k < TokenTrie.LENGTHS.length; k++) {
                if (capacity >= TokenTrie.LENGTHS[k]) {
                    return set * TokenTrie.LENGTHS.length + k;
                }
            }
        }
        return -1;
    }

    /**
     * Adds the tokens in a range of the tree that a state takes.
     *
     * @param slice whose tokens are added already, or -1
     * @param escapes gets the nodes after ends of the rule, or null
     */
    private void walk(int from, int to, ParseState state, int slice, long[] bits, IntList[] escapes) {
        if (from >= to) {
            return;
        }
        ParseState dead = machine.dead;
        int base = trie.depth(from);
        path[base - 1] = state;
        for (int node = from; node < to; ) {
            if (slice >= 0 && trie.isInside(node, slice)) {
                node = trie.end(node);
                continue;
            }
            int depth = trie.depth(node);
            ParseState next = machine.next(path[depth - 1], trie.label(node));
            if (next == dead) {
                node = trie.end(node);
                continue;
            }
            trie.addTokens(node, bits);
            if (next.escapes && escapes != null) {
                escape(node, escapes);
            }
            path[depth] = next;
            node++;
        }
    }

    private void escape(int node, IntList[] escapes) {
        for (int child = node + 1; child < trie.end(node); child = trie.end(child)) {
            int value = trie.label(child);
            if (escapes[value] == null) {
                escapes[value] = new IntList();
            }
            escapes[value].add(child);
        }
    }

    private static void or(long[] bits, long[] more) {
        for (int i = 0; i < more.length; i++) {
            bits[i] |= more[i];
        }
    }
}
