package dev.chaku.text.template;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Filters on strs. Like jinja2's, they take any value and work on its str. */
final class StringFilters {
    private static final Pattern TITLE_WORD =
            Pattern.compile("[-\\s({\\[<]+|[^-\\s({\\[<]+", Pattern.UNICODE_CHARACTER_CLASS);

    private StringFilters() {}

    static void register(Map<String, Builtin> registry) {
        Builtin.add(registry, "string", "value", (r, a) -> text(r, a));
        Builtin.add(registry, "safe", "value", (r, a) -> Text.safe(text(r, a)));
        for (String name : List.of("e", "escape", "forceescape")) {
            Builtin.add(
                    registry,
                    name,
                    "value",
                    (r, a) -> Text.isSafe(a.value(0)) && !name.equals("forceescape")
                            ? a.value(0)
                            : Text.safe(escape(r.budget(), text(r, a))));
        }
        Builtin.add(registry, "upper", "value", (r, a) -> upper(text(r, a)));
        Builtin.add(registry, "lower", "value", (r, a) -> lower(text(r, a)));
        Builtin.add(registry, "capitalize", "value", (r, a) -> capitalize(text(r, a)));
        Builtin.add(registry, "title", "value", (r, a) -> title(text(r, a)));
        Builtin.add(
                registry,
                "trim",
                "value chars?",
                (r, a) -> PythonString.strip(text(r, a), a.textOrNull(1), true, true));
        Builtin.add(
                registry,
                "replace",
                "value old new count?",
                (r, a) -> PythonString.replace(
                        r.budget(),
                        text(r, a),
                        Repr.str(r.budget(), a.value(1)).toString(),
                        Repr.str(r.budget(), a.value(2)),
                        a.integer(3, -1)));
        Builtin.add(registry, "indent", "value width? first? blank?", StringFilters::indent);
        Builtin.add(registry, "center", "value width?", (r, a) -> padded(r, a, 2));
        Builtin.add(registry, "truncate", "value length? killwords? end? leeway?", StringFilters::truncate);
        Builtin.add(registry, "wordcount", "value", (r, a) -> (long)
                PythonString.split(r.budget(), text(r, a).toString().replaceAll("[^\\p{L}\\p{N}_]", " "), null, -1)
                        .size());
        Builtin.add(
                registry,
                "format",
                "value *",
                (r, a) -> PercentFormat.format(r.budget(), text(r, a), new Tuple(a.rest())));
    }

    private static CharSequence text(Rendering rendering, BoundArguments a) {
        return Repr.str(rendering.budget(), a.value(0));
    }

    static CharSequence upper(CharSequence text) {
        return Text.changed(text, text.toString().toUpperCase(Locale.ROOT));
    }

    static CharSequence lower(CharSequence text) {
        return Text.changed(text, text.toString().toLowerCase(Locale.ROOT));
    }

    static CharSequence capitalize(CharSequence text) {
        String plain = text.toString();
        if (plain.isEmpty()) {
            return text;
        }
        int first = plain.offsetByCodePoints(0, 1);
        return Text.changed(
                text,
                plain.substring(0, first).toUpperCase(Locale.ROOT)
                        + plain.substring(first).toLowerCase(Locale.ROOT));
    }

    /** A capital after white space, a hyphen or an opening bracket alone: words with apostrophes stay one. */
    static CharSequence title(CharSequence text) {
        StringBuilder out = new StringBuilder(text.length());
        Matcher words = TITLE_WORD.matcher(text.toString());
        while (words.find()) {
            out.append(capitalize(words.group()));
        }
        return Text.changed(text, out.toString());
    }

    static CharSequence escape(Budget budget, CharSequence text) {
        StringBuilder out = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '&' -> out.append("&amp;");
                case '<' -> out.append("&lt;");
                case '>' -> out.append("&gt;");
                case '"' -> out.append("&#34;");
                case '\'' -> out.append("&#39;");
                default -> out.append(c);
            }
        }
        budget.characters(out.length(), out.length());
        return Text.changed(text, out.toString());
    }

    /** Pads with the fill character (argument 2) on the right (side 0), left (1) or both (2). */
    static CharSequence padded(Rendering rendering, BoundArguments a, int side) {
        CharSequence text = text(rendering, a);
        boolean hasFill = a.size() > 2 && a.given(2);
        String fill = hasFill ? a.text(2).toString() : " ";
        int width = a.integer(1, 80);
        int missing = Math.max(0, width - PythonString.length(text));
        rendering.budget().characters((long) text.length() + missing, missing);
        int left = side == 0 ? 0 : side == 1 ? missing : missing / 2 + (missing & width & 1);
        return new Output(rendering.budget())
                .append(fill.repeat(left))
                .append(text)
                .append(fill.repeat(missing - left))
                .toText();
    }

    private static CharSequence indent(Rendering rendering, BoundArguments a) {
        Budget budget = rendering.budget();
        boolean byText = a.given(1) && a.value(1) instanceof CharSequence;
        int width = byText ? 0 : Math.max(0, a.integer(1, 4));
        budget.characters(width, width);
        CharSequence indention = byText ? a.text(1) : " ".repeat(width);
        boolean first = a.flag(2, false);
        boolean blank = a.flag(3, false);
        CharSequence source = new Output(budget).append(str(a)).append("\n").toText();
        Output out = new Output(budget);
        boolean start = true;
        for (Object line : PythonString.lines(source, false)) {
            CharSequence text = (CharSequence) java.util.Objects.requireNonNull(line);
            out.append(start ? "" : "\n");
            if (start ? first : blank || text.length() > 0) {
                out.append(indention);
            }
            out.append(text);
            start = false;
        }
        return out.toText();
    }

    /** The value, which must be a str. */
    static CharSequence str(BoundArguments a) {
        if (a.value(0) instanceof Undefined undefined) {
            throw undefined.fault();
        }
        return a.text(0);
    }

    private static @Nullable Object truncate(Rendering rendering, BoundArguments a) {
        int length = a.integer(1, 255);
        CharSequence end = a.text(3, "...");
        if (Values.length(a.value(0)) <= length + (long) a.integer(4, 5)) {
            return a.value(0);
        }
        CharSequence text = str(a);
        if (length < end.length()) {
            throw TemplateFault.value(
                    "truncate expected a length of at least %d, found %d".formatted(end.length(), length));
        }
        int cut = text.toString().offsetByCodePoints(0, length - PythonString.length(end));
        int space = text.toString().lastIndexOf(' ', cut - 1);
        CharSequence kept = Text.slice(text, 0, a.flag(2, false) || space < 0 ? cut : space);
        return new Output(rendering.budget()).append(kept).append(end).toText();
    }
}
