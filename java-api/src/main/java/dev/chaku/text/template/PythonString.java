package dev.chaku.text.template;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The parts of Python's str that Java's String does differently: white space, splitting, escapes, code points. */
final class PythonString {
    private PythonString() {}

    static boolean isSpace(int c) {
        return (c >= 9 && c <= 13) || (c >= 0x1c && c <= 0x20) || c == 0x85 || (c >= 0xa0 && Character.isSpaceChar(c));
    }

    static boolean isBlank(String text, int from) {
        return from < text.length() && strippedStart(text, from) == text.length();
    }

    /** The index of the first character at or after an index that is not white space. */
    static int strippedStart(CharSequence text, int from) {
        int i = from;
        while (i < text.length() && isSpace(text.charAt(i))) {
            i++;
        }
        return i;
    }

    static int strippedEnd(CharSequence text) {
        int i = text.length();
        while (i > 0 && isSpace(text.charAt(i - 1))) {
            i--;
        }
        return i;
    }

    /** Strips white space, or the characters of a set, from the chosen sides. */
    static CharSequence strip(CharSequence text, @Nullable String set, boolean left, boolean right) {
        int start = 0;
        int end = text.length();
        while (left && start < end && strippable(text.charAt(start), set)) {
            start++;
        }
        while (right && end > start && strippable(text.charAt(end - 1), set)) {
            end--;
        }
        return start == 0 && end == text.length() ? text : Text.slice(text, start, end);
    }

    private static boolean strippable(char c, @Nullable String set) {
        return set == null ? isSpace(c) : set.indexOf(c) >= 0;
    }

    /** The number of code points. */
    static int length(CharSequence text) {
        String plain = text.toString();
        return plain.codePointCount(0, plain.length());
    }

    /** The code points, each as a str. */
    static List<@Nullable Object> characters(CharSequence text) {
        List<@Nullable Object> characters = new ArrayList<>(text.length());
        String plain = text.toString();
        for (int i = 0; i < plain.length(); ) {
            int end = plain.offsetByCodePoints(i, 1);
            characters.add(Text.slice(text, i, end));
            i = end;
        }
        return characters;
    }

    static List<@Nullable Object> split(Budget budget, CharSequence text, @Nullable String separator, int limit) {
        if (separator == null) {
            return splitBlanks(text, limit);
        }
        if (separator.isEmpty()) {
            throw TemplateFault.value("empty separator");
        }
        budget.search(text, separator);
        List<@Nullable Object> parts = new ArrayList<>();
        String plain = text.toString();
        int start = 0;
        for (int i = plain.indexOf(separator); i >= 0; i = plain.indexOf(separator, start)) {
            if (limit >= 0 && parts.size() == limit) {
                break;
            }
            parts.add(Text.slice(text, start, i));
            start = i + separator.length();
        }
        parts.add(Text.slice(text, start, text.length()));
        return parts;
    }

    private static List<@Nullable Object> splitBlanks(CharSequence text, int limit) {
        List<@Nullable Object> parts = new ArrayList<>();
        int i = strippedStart(text, 0);
        while (i < text.length()) {
            if (limit >= 0 && parts.size() == limit) {
                parts.add(Text.slice(text, i, text.length()));
                return parts;
            }
            int end = i;
            while (end < text.length() && !isSpace(text.charAt(end))) {
                end++;
            }
            parts.add(Text.slice(text, i, end));
            i = strippedStart(text, end);
        }
        return parts;
    }

    /** Splits from the right. */
    static List<@Nullable Object> splitRight(Budget budget, CharSequence text, @Nullable String separator, int limit) {
        if (separator == null && limit >= 0) {
            return splitBlanksRight(text, limit);
        }
        List<@Nullable Object> all = split(budget, text, separator, -1);
        if (limit < 0 || separator == null || all.size() <= limit + 1) {
            return all;
        }
        List<@Nullable Object> parts = new ArrayList<>();
        List<@Nullable Object> tail = all.subList(all.size() - limit, all.size());
        int headEnd = text.length();
        for (Object part : tail) {
            headEnd -= ((CharSequence) part).length() + separator.length();
        }
        parts.add(Text.slice(text, 0, headEnd));
        parts.addAll(tail);
        return parts;
    }

    private static List<@Nullable Object> splitBlanksRight(CharSequence text, int limit) {
        List<@Nullable Object> parts = new ArrayList<>();
        int end = strippedEnd(text);
        while (end > 0) {
            int start = parts.size() == limit ? 0 : end;
            while (parts.size() < limit && start > 0 && !isSpace(text.charAt(start - 1))) {
                start--;
            }
            if (start == end) {
                break; // Nothing but white space is left.
            }
            parts.add(Text.slice(text, start, end));
            if (parts.size() > limit) {
                break;
            }
            end = start;
            while (end > 0 && isSpace(text.charAt(end - 1))) {
                end--;
            }
        }
        Collections.reverse(parts);
        return parts;
    }

    static List<@Nullable Object> lines(CharSequence text, boolean keepEnds) {
        List<@Nullable Object> lines = new ArrayList<>();
        int start = 0;
        int i = 0;
        while (i < text.length()) {
            if (!isLineEnd(text.charAt(i))) {
                i++;
                continue;
            }
            int end = i;
            i += text.charAt(i) == '\r' && i + 1 < text.length() && text.charAt(i + 1) == '\n' ? 2 : 1;
            lines.add(Text.slice(text, start, keepEnds ? i : end));
            start = i;
        }
        if (start < text.length()) {
            lines.add(Text.slice(text, start, text.length()));
        }
        return lines;
    }

    private static boolean isLineEnd(char c) {
        return (c >= 10 && c <= 13) || (c >= 0x1c && c <= 0x1e) || c == 0x85 || c == 0x2028 || c == 0x2029;
    }

    static CharSequence replace(Budget budget, CharSequence text, String old, CharSequence replacement, int limit) {
        budget.search(text, old);
        String plain = text.toString();
        if (limit == 0 || (!old.isEmpty() && !plain.contains(old))) {
            return text;
        }
        Output out = new Output(budget);
        int start = 0;
        int done = 0;
        int i = old.isEmpty() ? 0 : plain.indexOf(old);
        while (i >= 0 && (limit < 0 || done < limit)) {
            out.append(Text.slice(text, start, i)).append(replacement);
            done++;
            start = i + old.length();
            if (old.isEmpty()) {
                i = i < plain.length() ? plain.offsetByCodePoints(i, 1) : -1;
            } else {
                i = plain.indexOf(old, start);
            }
        }
        return out.append(Text.slice(text, start, text.length())).toText();
    }

    /** Resolves the escapes of a string literal. */
    static String unescape(String raw) {
        int escape = raw.indexOf('\\');
        if (escape < 0) {
            return raw;
        }
        StringBuilder text = new StringBuilder(raw.length());
        int i = 0;
        while (i < raw.length()) {
            char c = raw.charAt(i);
            if (c != '\\' || i + 1 == raw.length()) {
                text.append(c);
                i++;
                continue;
            }
            i = unescapeOne(raw, i + 1, text);
        }
        return text.toString();
    }

    private static int unescapeOne(String raw, int index, StringBuilder text) {
        char c = raw.charAt(index);
        int simple = "abfnrtv\\'\"\n".indexOf(c);
        if (simple >= 0) {
            text.append(c == '\n' ? "" : String.valueOf("\u0007\b\f\n\r\t\u000b\\'\"".charAt(simple)));
            return index + 1;
        }
        int digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
        if (digits > 0) {
            int end = index + 1 + digits;
            try {
                text.appendCodePoint(Integer.parseInt(raw.substring(index + 1, end), 16));
            } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
                throw TemplateFault.value("invalid \\%c escape in a string".formatted(c));
            }
            return end;
        }
        if (c >= '0' && c <= '7') {
            int end = index;
            while (end < raw.length() && end < index + 3 && raw.charAt(end) >= '0' && raw.charAt(end) <= '7') {
                end++;
            }
            text.appendCodePoint(Integer.parseInt(raw.substring(index, end), 8));
            return end;
        }
        text.append('\\').append(c);
        return index + 1;
    }

    /** Every run of letters begins with a capital. */
    static CharSequence title(CharSequence text) {
        StringBuilder out = new StringBuilder(text.length());
        boolean[] inWord = {false};
        text.toString().codePoints().forEach(c -> {
            String letter = Character.toString(c);
            if (!Character.isLetter(c)) {
                out.append(letter);
            } else if (inWord[0]) {
                out.append(letter.toLowerCase(Locale.ROOT));
            } else {
                int titled = Character.toTitleCase(c);
                // A letter without a title case of its own may have a capital of several characters.
                out.append(titled != c ? Character.toString(titled) : capital(letter));
            }
            inWord[0] = Character.isLetter(c);
        });
        return Text.changed(text, out.toString());
    }

    private static String capital(String letter) {
        String upper = letter.toUpperCase(Locale.ROOT);
        return upper.length() <= letter.length()
                ? upper
                : upper.charAt(0) + upper.substring(1).toLowerCase(Locale.ROOT);
    }

    static boolean isTitle(CharSequence text) {
        return text.chars().anyMatch(c -> Character.toUpperCase(c) != Character.toLowerCase(c))
                && title(text).toString().equals(text.toString());
    }

    static CharSequence swapCase(CharSequence text) {
        StringBuilder out = new StringBuilder(text.length());
        text.toString().codePoints().forEach(c -> {
            String letter = Character.toString(c);
            boolean upper = Character.isUpperCase(c);
            out.append(upper ? letter.toLowerCase(Locale.ROOT) : letter.toUpperCase(Locale.ROOT));
        });
        return Text.changed(text, out.toString());
    }

    static boolean isIdentifier(CharSequence text) {
        String plain = text.toString();
        return !plain.isEmpty()
                && (plain.charAt(0) == '_' || Character.isUnicodeIdentifierStart(plain.codePointAt(0)))
                && plain.codePoints()
                        .allMatch(c -> Character.isUnicodeIdentifierPart(c) && !Character.isIdentifierIgnorable(c));
    }

    /** Decimal digits, and digits in other positions, such as superscripts. */
    static boolean isDigit(int c) {
        return Character.isDigit(c) || c == 0xB2 || c == 0xB3 || c == 0xB9 || c >= 0x2070 && c <= 0x2089 && c != 0x2071;
    }

    /** Whatever stands for a number: digits, fractions, Roman numerals, Han numbers. */
    static boolean isNumeric(int c) {
        int type = Character.getType(c);
        return isDigit(c)
                || type == Character.LETTER_NUMBER
                || type == Character.OTHER_NUMBER
                || "〇零一二三四五六七八九十百千万億兆".indexOf(c) >= 0;
    }

    static CharSequence expandTabs(Budget budget, CharSequence text, int width) {
        Output out = new Output(budget);
        int column = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\t') {
                int spaces = width > 0 ? width - column % width : 0;
                budget.characters(spaces, spaces);
                out.append(" ".repeat(spaces));
                column += spaces;
            } else {
                out.append(Text.slice(text, i, i + 1));
                column = c == '\n' || c == '\r' ? 0 : column + 1;
            }
        }
        return out.toText();
    }
}
