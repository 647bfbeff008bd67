package dev.chaku.cli;

import java.util.Locale;

/** Numbers with their nouns. */
final class Words {
    private Words() {}

    /** "1 step", "1,200 steps". */
    static String count(long n, String noun) {
        return count(n, noun, "", "s");
    }

    /** "1 copy", "2 copies": a stem with the ending of one and of several. */
    static String count(long n, String stem, String one, String several) {
        return String.format(Locale.ROOT, "%,d %s%s", n, stem, n == 1 ? one : several);
    }
}
