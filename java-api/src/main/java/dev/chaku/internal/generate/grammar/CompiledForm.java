package dev.chaku.internal.generate.grammar;

import dev.chaku.generate.OutputForm;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** A form for the tokens of a vocabulary: what is found out about it for one text is kept for all. Thread-safe. */
public final class CompiledForm {
    private final OutputForm form;
    private final TokenTrie trie;
    private final Machine machine;
    private final TokenMasks masks;
    private @Nullable ShortestEnds ends;

    CompiledForm(OutputForm form, Network network, TokenTrie trie, String what) {
        this.form = form;
        this.trie = trie;
        this.machine = new Machine(network, what);
        this.masks = new TokenMasks(trie, machine);
    }

    /** The form as it was asked for. */
    public OutputForm form() {
        return form;
    }

    /** A text of the form, before its first token. */
    public FormCursor begin() {
        synchronized (machine) {
            return new FormCursor(this, machine.start());
        }
    }

    /** The bytes that a token adds to the text; not copied. */
    public byte[] bytes(int token) {
        return trie.bytes(token);
    }

    /** Tokens of the vocabulary. */
    public int vocabSize() {
        return trie.vocabSize();
    }

    TokenTrie trie() {
        return trie;
    }

    TokenMask mask(ParseState state) {
        synchronized (machine) {
            if (masks.isFull() || machine.isFull()) {
                machine.forget();
                masks.forget();
            }
            return masks.of(state);
        }
    }

    /** What a token leads to, the machine's dead state where it may not come. */
    ParseState next(ParseState state, int token) {
        synchronized (machine) {
            ParseState next = machine.nextToken(state, token);
            byte[] bytes = trie.bytes(token);
            ParseState read = bytes.length == 0 ? machine.dead : state;
            for (int i = 0; i < bytes.length && read != machine.dead; i++) {
                read = machine.next(read, bytes[i] & 0xff);
            }
            return machine.union(read, next);
        }
    }

    ParseState nextByte(ParseState state, int value) {
        synchronized (machine) {
            return machine.next(state, value);
        }
    }

    boolean isDead(ParseState state) {
        return state == machine.dead;
    }

    /** The rest of a text that can end in one way only; null if there are more, or it is longer than a limit. */
    byte @Nullable [] onlyEnd(ParseState from, int limit) {
        synchronized (machine) {
            byte[] rest = new byte[limit];
            ParseState state = from;
            for (int n = 0; n <= limit; n++) {
                if (state.accepting) {
                    return state.isEnd() ? Arrays.copyOf(rest, n) : null;
                }
                int only = onlyByte(state);
                if (only < 0 || n == limit) {
                    return null;
                }
                rest[n] = (byte) only;
                state = machine.next(state, only);
            }
            return null;
        }
    }

    private ShortestEnds ends() {
        if (ends == null) {
            ends = new ShortestEnds(machine.network());
        }
        return ends;
    }

    /** At least as many as the tokens of {@link #shortestEnd}. */
    int mostOfShortestEnd(ParseState state) {
        synchronized (machine) {
            return ends().length(state);
        }
    }

    /** The tokens of an end with the fewest bytes. */
    int[] shortestEnd(ParseState from) {
        synchronized (machine) {
            IntList tokens = new IntList();
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            ParseState state = from;
            for (int symbol = ends().next(state); symbol >= 0; symbol = ends().next(state)) {
                if (symbol < Automaton.CALLS) {
                    bytes.write(symbol);
                    state = machine.next(state, symbol);
                    continue;
                }
                addAll(tokens, trie.longestTokens(bytes.toByteArray()));
                bytes.reset();
                int token = firstOf(machine.network().tokenSets.get(symbol - Automaton.TOKENS));
                tokens.add(token);
                state = machine.nextToken(state, token);
            }
            addAll(tokens, trie.longestTokens(bytes.toByteArray()));
            return tokens.toArray();
        }
    }

    private int firstOf(TokenSet set) {
        int token = 0;
        while (!set.has(token) || trie.isEnd(token)) {
            token++;
        }
        return token;
    }

    private static void addAll(IntList tokens, int[] more) {
        for (int token : more) {
            tokens.add(token);
        }
    }

    /** The only byte that may come, or -1 where others may come too, or tokens that the grammar names. */
    private int onlyByte(ParseState state) {
        Network network = machine.network();
        int only = -1;
        for (int position : state.positions) {
            if (network.tokensFrom[position] < network.bytesFrom[position + 1]) {
                return -1;
            }
            for (int e = network.bytesFrom[position]; e < network.callsFrom[position]; e++) {
                if (network.low[e] != network.high[e] || only >= 0 && only != network.low[e]) {
                    return -1;
                }
                only = network.low[e];
            }
        }
        return only;
    }
}
