package dev.chaku.internal.generate.grammar;

import java.util.List;

/**
 * Rules that call each other, and which of them begins. Immutable.
 *
 * @param rules named; calls are by their place in the list
 * @param root the place of the rule that a whole text follows
 * @param tokenSets the sets of tokens that rules name by their place
 */
record Grammar(List<Rule> rules, int root, List<TokenSet> tokenSets) {
    /** A rule of a grammar. */
    record Rule(String name, Expression body) {}

    Grammar {
        rules = List.copyOf(rules);
        tokenSets = List.copyOf(tokenSets);
    }

    /** A grammar of one rule. */
    static Grammar of(String name, Expression body) {
        return new Grammar(List.of(new Rule(name, body)), 0, List.of());
    }
}
