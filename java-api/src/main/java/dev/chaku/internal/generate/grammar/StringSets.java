package dev.chaku.internal.generate.grammar;

import java.util.List;
import java.util.Map;

/**
 * Sets of strings as automata over their characters in UTF-8, without the quotes and escapes of JSON: {@link #quoted}
 * adds those.
 */
final class StringSets {
    static final Automaton ALL = Regex.whole("string", "(?s:.)*");

    /** A whole string of JSON, with any escapes; halves of characters are in none. */
    static final Automaton JSON = Regex.whole(
            "string",
            "\"([^\"\\\\\\x00-\\x1f]|\\\\([\"\\\\/bfnrt]|u([0-9a-cefA-CEF][0-9a-fA-F]{3}|[dD][0-7][0-9a-fA-F]{2}"
                    + "|[dD][89abAB][0-9a-fA-F]{2}\\\\u[dD][c-fC-F][0-9a-fA-F]{2})))*\"");

    private static final String DATE = "(?:[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
            + "|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))"
            + "|(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29)";
    private static final String OFFSET = "(?:[zZ]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])";
    private static final String TIME = "(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]+)?" + OFFSET;
    private static final String LEAP = "23:59:60(?:\\.[0-9]+)?(?:[zZ]|[+-]00:00)";
    private static final String LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
    private static final String BYTE = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
    private static final String IPV4 = BYTE + "(?:\\." + BYTE + "){3}";
    private static final String H = "[0-9A-Fa-f]{1,4}";
    private static final String LOW = "(?:" + H + ":" + H + "|" + IPV4 + ")";
    private static final String IPV6 = "(?:(?:" + H + ":){6}" + LOW
            + "|::(?:" + H + ":){5}" + LOW
            + "|(?:" + H + ")?::(?:" + H + ":){4}" + LOW
            + "|(?:(?:" + H + ":){0,1}" + H + ")?::(?:" + H + ":){3}" + LOW
            + "|(?:(?:" + H + ":){0,2}" + H + ")?::(?:" + H + ":){2}" + LOW
            + "|(?:(?:" + H + ":){0,3}" + H + ")?::" + H + ":" + LOW
            + "|(?:(?:" + H + ":){0,4}" + H + ")?::" + LOW
            + "|(?:(?:" + H + ":){0,5}" + H + ")?::" + H
            + "|(?:(?:" + H + ":){0,6}" + H + ")?::)";
    private static final String ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
    private static final String PERCENT = "%[0-9A-Fa-f]{2}";
    private static final String PCHAR = "(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|" + PERCENT + ")";
    private static final String AUTHORITY = "(?:(?:[A-Za-z0-9._~!$&'()*+,;=:-]|" + PERCENT + ")*@)?(?:\\[" + IPV6
            + "\\]|(?:[A-Za-z0-9._~!$&'()*+,;=-]|" + PERCENT + ")*)(?::[0-9]*)?";

    /** Regular expressions of the formats that are known, by RFC 3339, 5321, 9562, 2673, 4291, 3986, 1123. */
    private static final Map<String, String> FORMATS = Map.ofEntries(
            Map.entry("date", DATE),
            Map.entry("time", "(?:" + TIME + "|" + LEAP + ")"),
            Map.entry("date-time", DATE + "[tT](?:" + TIME + "|" + LEAP + ")"),
            Map.entry(
                    "duration",
                    "P(?:[0-9]+W|(?:[0-9]+Y(?:[0-9]+M(?:[0-9]+D)?)?|[0-9]+M(?:[0-9]+D)?|[0-9]+D)"
                            + "(?:T(?:[0-9]+H(?:[0-9]+M(?:[0-9]+S)?)?|[0-9]+M(?:[0-9]+S)?|[0-9]+S))?"
                            + "|T(?:[0-9]+H(?:[0-9]+M(?:[0-9]+S)?)?|[0-9]+M(?:[0-9]+S)?|[0-9]+S))"),
            Map.entry(
                    "email",
                    "(?:" + ATOM + "(?:\\." + ATOM + ")*|\"(?:[ !#-\\[\\]-~]|\\\\[ -~])*\")@(?:" + LABEL + "(?:\\."
                            + LABEL + ")*|\\[(?:" + IPV4 + "|IPv6:" + IPV6 + ")\\])"),
            Map.entry("hostname", LABEL + "(?:\\." + LABEL + ")*"),
            Map.entry("ipv4", IPV4),
            Map.entry("ipv6", IPV6),
            Map.entry("uuid", "[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}"),
            Map.entry(
                    "uri",
                    "[A-Za-z][A-Za-z0-9+.-]*:(?://" + AUTHORITY + "(?:/" + PCHAR + "*)*|/(?:" + PCHAR + "+(?:/" + PCHAR
                            + "*)*)?|" + PCHAR + "+(?:/" + PCHAR + "*)*|)(?:\\?(?:" + PCHAR + "|[/?])*)?(?:#(?:" + PCHAR
                            + "|[/?])*)?"));

    private StringSets() {}

    static boolean isFormat(String name) {
        return FORMATS.containsKey(name);
    }

    /** The strings of a format that is known. */
    static Automaton format(String name) {
        Automaton set = Regex.whole("format " + name, FORMATS.get(name));
        return name.equals("hostname") ? hostnames(set) : set;
    }

    /** Of 253 characters at most, and without labels in which a hyphen pair stands for another alphabet. */
    private static Automaton hostnames(Automaton set) {
        Automaton encoded = Regex.within("format hostname", "(^|\\.)[A-Za-z0-9-]{2}--");
        return Automata.minus(Automata.both(set, lengths(1, 253, "format hostname")), encoded);
    }

    /** Strings by the number of their characters; any number of them for -1. */
    static Automaton lengths(int minimum, int maximum, String where) {
        return Automata.of(new Expression.Repeat(new Expression.Characters(CharacterSet.ALL), minimum, maximum), where);
    }

    static Automaton of(String text) {
        return Automata.of(Expression.text(text), "string");
    }

    /** The strings of a set in which some texts do not come up. */
    static Automaton without(Automaton set, List<String> texts) {
        Automaton left = set;
        for (String text : texts) {
            Expression any = Expression.any(new Expression.Characters(CharacterSet.ALL));
            left = Automata.minus(left, Automata.of(Expression.sequence(any, Expression.text(text), any), "form"));
        }
        return left;
    }

    /** The strings of a set that begin with none of some texts. */
    static Automaton notBeginning(Automaton set, List<String> texts) {
        Automaton left = set;
        for (String text : texts) {
            Expression any = Expression.any(new Expression.Characters(CharacterSet.ALL));
            left = Automata.minus(left, Automata.of(Expression.sequence(Expression.text(text), any), "form"));
        }
        return left;
    }

    /** The strings of a set as JSON writes them: each character as it is, escaped where it must be. */
    static Automaton quoted(Automaton set, String where) {
        AutomatonBuilder builder = new AutomatonBuilder(where);
        for (int i = 0; i < set.states(); i++) {
            builder.state();
        }
        int start = builder.state();
        int end = builder.state();
        builder.finals.set(end);
        builder.edge(start, '"', '"', 0);
        for (int s = 0; s < set.states(); s++) {
            if (set.finals().get(s)) {
                builder.edge(s, '"', '"', end);
            }
            for (int e = set.edgeStart()[s]; e < set.edgeStart()[s + 1]; e++) {
                int to = set.target()[e];
                int low = set.low()[e];
                int high = set.high()[e];
                plain(builder, s, Math.max(low, 0x20), Math.min(high, 0x21), to);
                plain(builder, s, Math.max(low, 0x23), Math.min(high, 0x5b), to);
                plain(builder, s, Math.max(low, 0x5d), high, to);
                for (int value = low; value <= Math.min(high, 0x5c); value++) {
                    if (value < 0x20 || value == '"' || value == '\\') {
                        escape(builder, s, value, to);
                    }
                }
            }
        }
        return Determinizer.of(builder, start);
    }

    private static void plain(AutomatonBuilder builder, int from, int low, int high, int to) {
        if (low <= high) {
            builder.edge(from, low, high, to);
        }
    }

    private static void escape(AutomatonBuilder builder, int from, int value, int to) {
        int state = builder.state();
        builder.edge(from, '\\', '\\', state);
        int at = "\b\t\n\f\r\"\\".indexOf(value);
        if (at >= 0) {
            int letter = "btnfr\"\\".charAt(at);
            builder.edge(state, letter, letter, to);
            return;
        }
        for (char c : new char[] {'u', '0', '0', (char) ('0' + (value >> 4))}) {
            int next = builder.state();
            builder.edge(state, c, c, next);
            state = next;
        }
        int digit = Character.forDigit(value & 15, 16);
        builder.edge(state, digit, digit, to);
        if (digit >= 'a') {
            builder.edge(state, digit - 32, digit - 32, to);
        }
    }
}
