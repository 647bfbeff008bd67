package dev.chaku.data.doctor;

import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Counts in words. */
final class Counted {
    private static final Map<String, String> KINDS = Map.of(
            "Chat", "conversation",
            "PromptCompletion", "prompt with completion",
            "Text", "text",
            "Tokens", "sequence of tokens",
            "Preference", "preference pair",
            "Labelled", "labelled answer");

    private Counted() {}

    /** {@code 1 example}, {@code 1,234 examples}. */
    static String of(long n, String one) {
        int end = one.indexOf(' ') < 0 ? one.length() : one.indexOf(' ');
        boolean last = one.endsWith("pair") || one.endsWith("answer");
        String several = last ? one + "s" : one.substring(0, end) + "s" + one.substring(end);
        return String.format(Locale.ROOT, "%,d %s", n, n == 1 ? one : several);
    }

    /** Examples by kind, the most first: {@code 3 conversations, 1 text}. */
    static String kinds(Map<String, Integer> kinds) {
        List<String> counts = DataStats.largestFirst(kinds).stream()
                .map(kind -> of(kind.getValue(), KINDS.getOrDefault(kind.getKey(), kind.getKey())))
                .toList();
        return String.join(", ", counts);
    }
}
