package dev.chaku.internal.generate.grammar;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Says where a rule takes any characters of a set, and how many of them: there, tokens of those characters alone need
 * not be looked at one by one. Made for each rule when it is first asked for. Not thread-safe.
 *
 * <p>States that take k characters of the set, whatever they are, are found from those that take k - 1.
 */
final class FreeText {
    /** Takes any number of them. */
    static final int ENDLESS = Integer.MAX_VALUE;

    /** Most that are told apart. */
    private static final int MOST = TokenTrie.LENGTHS[1];

    /** Most states of a rule that is looked at. */
    private static final int MOST_STATES = 20_000;

    private final Network network;
    private final Automaton[] characters;
    /** By set of characters and first state of the rule. */
    private final @Nullable int[][][] capacities;

    FreeText(Network network) {
        this.network = network;
        this.characters = TokenTrie.SETS.stream()
                .map(set -> Automata.of(new Expression.Characters(set), "characters"))
                .toArray(Automaton[]::new);
        this.capacities = new int[characters.length][network.ruleStart.length][];
    }

    /** How many characters of a set a state takes, whatever they are: at most 32, or {@link #ENDLESS}. */
    int capacity(int state, int set) {
        int rule = network.ruleOf[state];
        int first = network.ruleStart[rule];
        int[] known = capacities[set][rule];
        if (known == null) {
            int end = first;
            while (end < network.states && network.ruleOf[end] == rule) {
                end++;
            }
            known = end - first > MOST_STATES ? new int[end - first] : capacities(first, end, characters[set]);
            capacities[set][rule] = known;
        }
        return known[state - first];
    }

    private int[] capacities(int first, int end, Automaton set) {
        int[] capacity = new int[end - first];
        boolean[] takes = new boolean[end - first];
        Arrays.fill(takes, true);
        for (int k = 1; k <= MOST + 1; k++) {
            boolean[] more = new boolean[takes.length];
            boolean same = true;
            for (int i = 0; i < takes.length; i++) {
                more[i] = takes[i] && leadsTo(first + i, 0, first, takes, set);
                same &= more[i] == takes[i];
                if (more[i] && k <= MOST) {
                    capacity[i] = k;
                }
            }
            takes = more;
            if (same) {
                for (int i = 0; i < takes.length; i++) {
                    capacity[i] = takes[i] ? ENDLESS : capacity[i];
                }
                return capacity;
            }
        }
        return capacity;
    }

    /** Whether every way to finish a character leads from a state to one of the given. */
    private boolean leadsTo(int state, int at, int first, boolean[] takes, Automaton set) {
        for (int s = set.edgeStart()[at]; s < set.edgeStart()[at + 1]; s++) {
            int value = set.low()[s];
            int next = set.target()[s];
            for (int e = network.bytesFrom[state]; e < network.callsFrom[state] && value <= set.high()[s]; e++) {
                if (network.high[e] < value) {
                    continue;
                }
                int to = network.target[e];
                boolean leads = network.low[e] <= value
                        && (set.finals().get(next) ? takes[to - first] : leadsTo(to, next, first, takes, set));
                if (!leads) {
                    return false;
                }
                value = network.high[e] + 1;
            }
            if (value <= set.high()[s]) {
                return false;
            }
        }
        return true;
    }
}
