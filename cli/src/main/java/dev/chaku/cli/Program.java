package dev.chaku.cli;

import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** What the user typed to start this program, and how to write down what to type next. */
final class Program {
    private static final String DEFAULT = "chaku";
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_@%+=:,./-]+");

    private Program() {}

    /** The program's name as it was typed: {@code ./chaku} in a checkout; the launcher hands it on. */
    static String name() {
        String typed = System.getenv("CHAKU_PROGRAM");
        return typed == null || typed.isEmpty() ? DEFAULT : quoted(typed);
    }

    /** A command of this program, to be typed as it stands. */
    static String command(Object... arguments) {
        return name() + " "
                + List.of(arguments).stream().map(a -> quoted(a.toString())).collect(Collectors.joining(" "));
    }

    /** A word as a POSIX shell takes it. */
    static String quoted(String word) {
        return PLAIN.matcher(word).matches() ? word : "'" + word.replace("'", "'\\''") + "'";
    }

    /** Lines of a help text that show commands, with the name as it was typed. */
    static String[] named(String[] lines) {
        String name = name();
        String[] named = lines.clone();
        for (int i = 0; i < named.length; i++) {
            if (named[i].startsWith("  " + DEFAULT + " ")) {
                named[i] = "  " + name.replace("%", "%%") + named[i].substring(2 + DEFAULT.length());
            }
        }
        return named;
    }
}
