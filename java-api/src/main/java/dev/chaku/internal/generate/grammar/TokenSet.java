package dev.chaku.internal.generate.grammar;

import java.util.BitSet;

/**
 * Tokens that a grammar names by their ids or spellings, special ones included.
 *
 * @param ids of the tokens; not copied
 * @param others whether all tokens but these are meant
 */
record TokenSet(BitSet ids, boolean others) {
    boolean has(int id) {
        return ids.get(id) != others;
    }
}
