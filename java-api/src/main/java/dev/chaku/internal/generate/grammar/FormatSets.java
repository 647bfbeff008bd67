package dev.chaku.internal.generate.grammar;

import java.util.HashMap;
import java.util.Map;

/** The strings of formats, each found once. Thread-safe. */
final class FormatSets {
    private final Map<String, Automaton> known = new HashMap<>();

    /** The strings of a format that {@link StringSets} knows. */
    synchronized Automaton of(String format) {
        Automaton set = known.get(format);
        if (set == null) {
            set = StringSets.format(format);
            known.put(format, set);
        }
        return set;
    }
}
