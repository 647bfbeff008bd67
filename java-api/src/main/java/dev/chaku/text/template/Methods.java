package dev.chaku.text.template;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The methods of str, dict and list, and which of them the sandbox withholds. */
final class Methods {
    private static final Map<String, Builtin> TEXT = new HashMap<>();
    private static final Map<String, Builtin> DICT = new HashMap<>();
    private static final Map<String, Builtin> LIST = new HashMap<>();
    private static final Map<String, Builtin> LIST_COPY = new HashMap<>();
    private static final Set<String> DICT_CHANGES = Set.of("clear", "pop", "popitem", "setdefault", "update");
    private static final Set<String> LIST_CHANGES =
            Set.of("append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove");

    static {
        stripping();
        splitting();
        searching();
        casing();
        Builtin.add(TEXT, "join", "self items", (r, a) -> SequenceFilters.join(r, a.text(0), a.value(1)));
        Builtin.add(
                TEXT,
                "replace",
                "self old new count?",
                (r, a) ->
                        PythonString.replace(r.budget(), a.text(0), a.text(1).toString(), a.text(2), a.integer(3, -1)));
        Builtin.add(TEXT, "format", "self *", (r, a) -> StrFormat.format(r, a.text(0), a.rest(), a.named()));
        Builtin.add(
                TEXT,
                "expandtabs",
                "self tabsize?",
                (r, a) -> PythonString.expandTabs(r.budget(), a.text(0), a.integer(1, 8)));
        Builtin.add(TEXT, "zfill", "self width", (r, a) -> zeroFilled(r, a));
        Builtin.add(TEXT, "ljust", "self width fill?", (r, a) -> StringFilters.padded(r, a, 0));
        Builtin.add(TEXT, "rjust", "self width fill?", (r, a) -> StringFilters.padded(r, a, 1));
        Builtin.add(TEXT, "center", "self width fill?", (r, a) -> StringFilters.padded(r, a, 2));
        dict();
        Builtin.add(LIST_COPY, "copy", "self", (r, a) -> a.value(0));
        for (String name : List.of("index", "count")) {
            boolean index = name.equals("index");
            Builtin.add(LIST, name, "self value", (r, a) -> find(r, a, index));
        }
    }

    private Methods() {}

    /** Returns the method or built-in attribute of a value, an unsafe Undefined, or null if there is none. */
    static @Nullable Object attribute(@Nullable Object target, String name) {
        if (target instanceof CharSequence text) {
            return method(TEXT, text, name);
        }
        if (target instanceof Map<?, ?> map) {
            return DICT_CHANGES.contains(name) ? withheld("dict", name) : method(DICT, map, name);
        }
        if (target instanceof List<?> list) {
            if (target instanceof Range) {
                return method(LIST, list, name);
            }
            return LIST_CHANGES.contains(name)
                    ? withheld("list", name)
                    : method(name.equals("copy") ? LIST_COPY : LIST, list, name);
        }
        if (target instanceof Tuple tuple) {
            int named = tuple.names().indexOf(name);
            return named >= 0 ? tuple.items().get(named) : method(LIST, tuple.items(), name);
        }
        if (target instanceof LoopState loop) {
            return loop.attribute(name);
        }
        if (target instanceof Cycler cycler) {
            return cycler.attribute(name);
        }
        return target instanceof MacroValue macro && name.equals("name") ? macro.name() : null;
    }

    private static Builtin.@Nullable Method method(Map<String, Builtin> methods, Object self, String name) {
        Builtin builtin = methods.get(name);
        return builtin == null ? null : new Builtin.Method(builtin, self);
    }

    private static Undefined withheld(String type, String name) {
        return new Undefined("access to attribute '%s' of '%s' object is unsafe.".formatted(name, type), true);
    }

    private static void stripping() {
        Builtin.add(TEXT, "strip", "self chars?", (r, a) -> PythonString.strip(a.text(0), a.textOrNull(1), true, true));
        Builtin.add(
                TEXT, "lstrip", "self chars?", (r, a) -> PythonString.strip(a.text(0), a.textOrNull(1), true, false));
        Builtin.add(
                TEXT, "rstrip", "self chars?", (r, a) -> PythonString.strip(a.text(0), a.textOrNull(1), false, true));
        Builtin.add(TEXT, "removeprefix", "self prefix", (r, a) -> {
            CharSequence text = a.text(0);
            boolean found = text.toString().startsWith(a.text(1).toString());
            return found ? Text.slice(text, a.text(1).length(), text.length()) : text;
        });
        Builtin.add(TEXT, "removesuffix", "self suffix", (r, a) -> {
            CharSequence text = a.text(0);
            boolean found = text.toString().endsWith(a.text(1).toString());
            return found ? Text.slice(text, 0, text.length() - a.text(1).length()) : text;
        });
    }

    private static void splitting() {
        Builtin.add(
                TEXT,
                "split",
                "self sep? maxsplit?",
                (r, a) -> counted(r, PythonString.split(r.budget(), a.text(0), a.textOrNull(1), a.integer(2, -1))));
        Builtin.add(
                TEXT,
                "rsplit",
                "self sep? maxsplit?",
                (r, a) ->
                        counted(r, PythonString.splitRight(r.budget(), a.text(0), a.textOrNull(1), a.integer(2, -1))));
        Builtin.add(
                TEXT,
                "splitlines",
                "self keepends?",
                (r, a) -> counted(r, PythonString.lines(a.text(0), a.flag(1, false))));
        Builtin.add(TEXT, "partition", "self sep", (r, a) -> partition(a, first(r, a)));
        Builtin.add(TEXT, "rpartition", "self sep", (r, a) -> {
            int at = last(r, a);
            return at < 0 ? new Tuple(List.of("", "", a.text(0))) : partition(a, at);
        });
    }

    private static List<@Nullable Object> counted(Rendering rendering, List<@Nullable Object> parts) {
        rendering.budget().elements(parts.size());
        return parts;
    }

    /** Where the second argument first stands in the first, or -1. */
    private static int first(Rendering rendering, BoundArguments a) {
        rendering.budget().search(a.text(0), a.text(1));
        return a.text(0).toString().indexOf(a.text(1).toString());
    }

    private static int last(Rendering rendering, BoundArguments a) {
        rendering.budget().search(a.text(0), a.text(1));
        return a.text(0).toString().lastIndexOf(a.text(1).toString());
    }

    private static Tuple partition(BoundArguments a, int at) {
        CharSequence text = a.text(0);
        if (at < 0) {
            return new Tuple(List.of(text, "", ""));
        }
        int end = at + a.text(1).length();
        return new Tuple(List.of(Text.slice(text, 0, at), a.text(1), Text.slice(text, end, text.length())));
    }

    private static void searching() {
        Builtin.add(TEXT, "startswith", "self prefix start? end?", (r, a) -> affix(a, true));
        Builtin.add(TEXT, "endswith", "self suffix start? end?", (r, a) -> affix(a, false));
        Builtin.add(TEXT, "count", "self part start? end?", (r, a) -> {
            CharSequence within = within(a);
            return a.text(1).length() == 0
                    ? (long) PythonString.length(within) + 1
                    : (long) PythonString.split(r.budget(), within, a.text(1).toString(), -1)
                                    .size()
                            - 1;
        });
        Builtin.add(TEXT, "find", "self part start? end?", (r, a) -> position(r, a, false));
        Builtin.add(TEXT, "rfind", "self part start? end?", (r, a) -> position(r, a, true));
        for (String name : List.of("index", "rindex")) {
            Builtin.add(TEXT, name, "self part start? end?", (r, a) -> {
                long at = position(r, a, name.equals("rindex"));
                if (at < 0) {
                    throw TemplateFault.value("substring not found");
                }
                return at;
            });
        }
    }

    /** The first argument between the bounds that may follow the second, in code points. */
    private static CharSequence within(BoundArguments a) {
        CharSequence text = a.text(0);
        if (!a.given(2) && !a.given(3)) {
            return text;
        }
        int length = PythonString.length(text);
        int start = bound(a.integer(2, 0), length);
        int end = Math.max(start, bound(a.integer(3, length), length));
        String plain = text.toString();
        int from = plain.offsetByCodePoints(0, start);
        return Text.slice(text, from, plain.offsetByCodePoints(from, end - start));
    }

    private static int bound(int index, int length) {
        return Math.max(0, Math.min(length, index < 0 ? index + length : index));
    }

    private static boolean affix(BoundArguments a, boolean prefix) {
        String text = within(a).toString();
        List<@Nullable Object> options = a.value(1) instanceof Tuple tuple ? tuple.items() : List.of(a.text(1));
        for (Object option : options) {
            if (prefix ? text.startsWith(String.valueOf(option)) : text.endsWith(String.valueOf(option))) {
                return true;
            }
        }
        return false;
    }

    /** Where the second argument stands in the first, in code points, or -1. */
    private static long position(Rendering rendering, BoundArguments a, boolean last) {
        String text = within(a).toString();
        String part = a.text(1).toString();
        rendering.budget().search(text, part);
        int at = last ? text.lastIndexOf(part) : text.indexOf(part);
        int start = bound(a.integer(2, 0), PythonString.length(a.text(0)));
        return at < 0 ? -1 : (long) text.codePointCount(0, at) + start;
    }

    private static void casing() {
        Builtin.add(TEXT, "upper", "self", (r, a) -> StringFilters.upper(a.text(0)));
        Builtin.add(TEXT, "lower", "self", (r, a) -> StringFilters.lower(a.text(0)));
        Builtin.add(TEXT, "casefold", "self", (r, a) -> StringFilters.lower(StringFilters.upper(a.text(0))));
        Builtin.add(TEXT, "capitalize", "self", (r, a) -> StringFilters.capitalize(a.text(0)));
        Builtin.add(TEXT, "title", "self", (r, a) -> PythonString.title(a.text(0)));
        Builtin.add(TEXT, "swapcase", "self", (r, a) -> PythonString.swapCase(a.text(0)));
        Builtin.add(TEXT, "istitle", "self", (r, a) -> PythonString.isTitle(a.text(0)));
        Builtin.add(TEXT, "isascii", "self", (r, a) -> a.text(0).chars().allMatch(c -> c < 128));
        Builtin.add(TEXT, "isidentifier", "self", (r, a) -> PythonString.isIdentifier(a.text(0)));
        Builtin.add(TEXT, "isdigit", "self", (r, a) -> all(a.text(0), PythonString::isDigit));
        Builtin.add(TEXT, "isnumeric", "self", (r, a) -> all(a.text(0), PythonString::isNumeric));
        Builtin.add(TEXT, "isdecimal", "self", (r, a) -> all(a.text(0), Character::isDigit));
        Builtin.add(TEXT, "isalpha", "self", (r, a) -> all(a.text(0), Character::isLetter));
        Builtin.add(TEXT, "isalnum", "self", (r, a) -> all(a.text(0), Character::isLetterOrDigit));
        Builtin.add(TEXT, "isspace", "self", (r, a) -> all(a.text(0), PythonString::isSpace));
        Builtin.add(TEXT, "isupper", "self", (r, a) -> hasCase(a.text(0).toString(), true));
        Builtin.add(TEXT, "islower", "self", (r, a) -> hasCase(a.text(0).toString(), false));
    }

    static boolean hasCase(String text, boolean upper) {
        String upperCase = text.toUpperCase(Locale.ROOT);
        String lowerCase = text.toLowerCase(Locale.ROOT);
        return !upperCase.equals(lowerCase) && text.equals(upper ? upperCase : lowerCase);
    }

    private static boolean all(CharSequence text, java.util.function.IntPredicate test) {
        return text.length() > 0 && text.toString().codePoints().allMatch(test);
    }

    private static CharSequence zeroFilled(Rendering rendering, BoundArguments a) {
        CharSequence text = a.text(0);
        int missing = Math.max(0, a.integer(1, 0) - PythonString.length(text));
        rendering.budget().characters((long) text.length() + missing, missing);
        boolean signed = text.length() > 0 && "+-".indexOf(text.charAt(0)) >= 0;
        int head = signed ? 1 : 0;
        return new Output(rendering.budget())
                .append(Text.slice(text, 0, head))
                .append("0".repeat(missing))
                .append(Text.slice(text, head, text.length()))
                .toText();
    }

    private static void dict() {
        Builtin.add(DICT, "get", "self key default?", (r, a) -> {
            Map<?, ?> map = map(a);
            Object key = Values.key(r.budget(), a.value(1));
            Object value = map.get(key);
            return value != null || map.containsKey(key) ? value : a.value(2, null);
        });
        Builtin.add(DICT, "items", "self", (r, a) -> new DictView("dict_items", items(r, map(a))));
        Builtin.add(DICT, "keys", "self", (r, a) -> new DictView("dict_keys", new ArrayList<>(map(a).keySet())));
        Builtin.add(DICT, "values", "self", (r, a) -> new DictView("dict_values", new ArrayList<>(map(a).values())));
        Builtin.add(DICT, "copy", "self", (r, a) -> a.value(0));
    }

    private static Map<?, ?> map(BoundArguments a) {
        return (Map<?, ?>) java.util.Objects.requireNonNull(a.value(0));
    }

    /** The pairs of a dict as tuples. */
    static List<@Nullable Object> items(Rendering rendering, Map<?, ?> map) {
        rendering.budget().elements(map.size());
        List<@Nullable Object> items = new ArrayList<>(map.size());
        map.forEach((key, value) -> items.add(Tuple.of(key, value)));
        return items;
    }

    private static Object find(Rendering rendering, BoundArguments a, boolean index) {
        List<?> list = (List<?>) java.util.Objects.requireNonNull(a.value(0));
        long count = 0;
        for (int i = 0; i < list.size(); i++) {
            if (Comparison.equal(rendering.budget(), list.get(i), a.value(1))) {
                if (index) {
                    return (long) i;
                }
                count++;
            }
        }
        if (index) {
            throw TemplateFault.value("value is not in list");
        }
        return count;
    }
}
