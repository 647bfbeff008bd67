package dev.chaku.internal.generate.grammar;

import java.util.Map;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/** Sets of characters that have names in regular expressions. */
final class RegexClasses {
    static final CharacterSet DIGITS = CharacterSet.range('0', '9');
    static final CharacterSet LETTERS = CharacterSet.range('a', 'z').or(CharacterSet.range('A', 'Z'));
    static final CharacterSet WORD = DIGITS.or(LETTERS).or(CharacterSet.of('_'));
    static final CharacterSet SPACE = CharacterSet.of(" \t\n\f\r");

    /** What JavaScript calls white space. */
    static final CharacterSet UNICODE_SPACE = SPACE.or(
                    CharacterSet.of("\u000b\u00a0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff"))
            .or(CharacterSet.range(0x2000, 0x200a));

    static final CharacterSet LINE_ENDS = CharacterSet.of("\n\r\u2028\u2029");

    private static final Map<String, CharacterSet> POSIX = Map.ofEntries(
            Map.entry("alnum", DIGITS.or(LETTERS)),
            Map.entry("alpha", LETTERS),
            Map.entry("ascii", CharacterSet.range(0, 0x7f)),
            Map.entry("blank", CharacterSet.of(" \t")),
            Map.entry("cntrl", CharacterSet.range(0, 0x1f).or(CharacterSet.of(0x7f))),
            Map.entry("digit", DIGITS),
            Map.entry("graph", CharacterSet.range(0x21, 0x7e)),
            Map.entry("lower", CharacterSet.range('a', 'z')),
            Map.entry("print", CharacterSet.range(0x20, 0x7e)),
            Map.entry("punct", CharacterSet.range(0x21, 0x7e).minus(DIGITS.or(LETTERS))),
            Map.entry("space", SPACE.or(CharacterSet.of(0xb))),
            Map.entry("upper", CharacterSet.range('A', 'Z')),
            Map.entry("word", WORD),
            Map.entry("xdigit", DIGITS.or(CharacterSet.range('a', 'f')).or(CharacterSet.range('A', 'F'))));

    /** Two letters for each general category, by the number that {@link Character#getType} gives it. */
    private static final String[] CATEGORIES = {
        "Cn", "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Me", "Mc", "Nd", "Nl", "No", "", "Zs", "Zl", "Zp", "Cc", "Cf", "",
        "Co", "Cs", "Pd", "Ps", "Pe", "Pc", "Po", "Sm", "Sc", "Sk", "So", "Pi", "Pf"
    };

    private static final Map<String, String> LONG_NAMES = Map.of(
            "Letter",
            "L",
            "Lowercase_Letter",
            "Ll",
            "Uppercase_Letter",
            "Lu",
            "Number",
            "N",
            "Decimal_Number",
            "Nd",
            "digit",
            "Nd",
            "Punctuation",
            "P",
            "Symbol",
            "S",
            "Separator",
            "Z",
            "Mark",
            "M");

    private static final int[] CASES = cases();

    private RegexClasses() {}

    static @Nullable CharacterSet posix(String name) {
        return POSIX.get(name);
    }

    /** Characters of a general category or script, null for unknown names. */
    static @Nullable CharacterSet property(String name) {
        int equals = name.indexOf('=');
        String kind = equals < 0 ? "" : name.substring(0, equals);
        String value = name.substring(equals + 1);
        if (kind.isEmpty() || kind.equals("gc") || kind.equals("General_Category")) {
            String category = LONG_NAMES.getOrDefault(value, value);
            boolean known = false;
            for (String each : CATEGORIES) {
                known |= !each.isEmpty() && !category.isEmpty() && each.startsWith(category);
            }
            if (known) {
                return matching(c -> CATEGORIES[Character.getType(c)].startsWith(category));
            }
        }
        if (kind.isEmpty() || kind.equals("sc") || kind.equals("Script")) {
            try {
                Character.UnicodeScript script = Character.UnicodeScript.forName(value);
                return matching(c -> Character.UnicodeScript.of(c) == script);
            } catch (IllegalArgumentException e) {
                return null;
            }
        }
        return null;
    }

    private static CharacterSet matching(IntPredicate which) {
        IntList bounds = new IntList();
        int first = -1;
        for (int c = 0; c <= CharacterSet.MAXIMUM + 1; c++) {
            boolean in = c <= CharacterSet.MAXIMUM && which.test(c);
            if (in && first < 0) {
                first = c;
            } else if (!in && first >= 0) {
                bounds.add(first);
                bounds.add(c - 1);
                first = -1;
            }
        }
        return CharacterSet.of(bounds);
    }

    /** A set and its characters in the other case. */
    static CharacterSet ignoringCase(CharacterSet set) {
        IntList bounds = new IntList();
        for (int i = 0; i < set.ranges(); i++) {
            bounds.add(set.first(i));
            bounds.add(set.last(i));
        }
        for (int i = 0; i < CASES.length; i += 2) {
            if (set.has(CASES[i])) {
                bounds.add(CASES[i + 1]);
                bounds.add(CASES[i + 1]);
            }
        }
        return CharacterSet.of(bounds);
    }

    /** Characters that have another case, each followed by that. */
    private static int[] cases() {
        IntList found = new IntList();
        for (int c = 0; c <= CharacterSet.MAXIMUM; c++) {
            for (int other : new int[] {Character.toLowerCase(c), Character.toUpperCase(c)}) {
                if (other != c) {
                    found.add(c);
                    found.add(other);
                }
            }
        }
        return found.toArray();
    }
}
