package dev.chaku.internal.generate.grammar;

import java.util.Arrays;
import java.util.BitSet;

/**
 * Says which texts a grammar accepts by trying everything, straight from its definition: for each rule and place, the
 * places where it may end, made larger until nothing is added.
 */
final class NaiveRecognizer {
    private final Grammar grammar;
    private byte[] text = {};
    private BitSet[][] ends = {};
    private boolean changed;

    NaiveRecognizer(Grammar grammar) {
        this.grammar = grammar;
    }

    boolean accepts(byte[] newText) {
        text = newText;
        ends = new BitSet[grammar.rules().size()][text.length + 1];
        for (BitSet[] row : ends) {
            Arrays.setAll(row, i -> new BitSet());
        }
        do {
            changed = false;
            for (int rule = 0; rule < ends.length; rule++) {
                for (int at = 0; at <= text.length; at++) {
                    BitSet found = ends(grammar.rules().get(rule).body(), at);
                    int before = ends[rule][at].cardinality();
                    ends[rule][at].or(found);
                    changed |= ends[rule][at].cardinality() > before;
                }
            }
        } while (changed);
        return ends[grammar.root()][0].get(text.length);
    }

    private BitSet ends(Expression expression, int at) {
        BitSet found = new BitSet();
        if (expression instanceof Expression.Literal literal) {
            int end = at + literal.bytes().length;
            if (end <= text.length && Arrays.equals(text, at, end, literal.bytes(), 0, literal.bytes().length)) {
                found.set(end);
            }
        } else if (expression instanceof Expression.Characters characters) {
            if (at < text.length && characters.set().has(text[at])) {
                found.set(at + 1);
            }
        } else if (expression instanceof Expression.Choice choice) {
            choice.options().forEach(option -> found.or(ends(option, at)));
        } else if (expression instanceof Expression.Sequence sequence) {
            found.or(sequence(sequence, at));
        } else if (expression instanceof Expression.Call call) {
            found.or(ends[call.rule()][at]);
        } else if (expression instanceof Expression.Repeat repeat) {
            found.or(repeat(repeat, at));
        }
        return found;
    }

    private BitSet sequence(Expression.Sequence sequence, int at) {
        BitSet places = new BitSet();
        places.set(at);
        for (Expression part : sequence.parts()) {
            places = after(part, places);
        }
        return places;
    }

    private BitSet after(Expression part, BitSet places) {
        BitSet next = new BitSet();
        places.stream().forEach(place -> next.or(ends(part, place)));
        return next;
    }

    private BitSet repeat(Expression.Repeat repeat, int at) {
        BitSet places = new BitSet();
        places.set(at);
        for (int i = 0; i < repeat.minimum(); i++) {
            places = after(repeat.body(), places);
        }
        BitSet all = (BitSet) places.clone();
        // A text is not longer than its length; more repetitions add nothing.
        int more = repeat.maximum() < 0 ? text.length + 1 : repeat.maximum() - repeat.minimum();
        for (int i = 0; i < more; i++) {
            places = after(repeat.body(), places);
            all.or(places);
        }
        return all;
    }
}
