package dev.chaku.cli;

import java.lang.Character.UnicodeScript;
import java.util.List;
import java.util.Set;

/** Text measured in the columns of a terminal: colours take none, the letters of East Asia two. */
final class ColumnText {
    private static final char ESCAPE = '\u001b';
    private static final Set<UnicodeScript> WIDE = Set.of(
            UnicodeScript.HAN,
            UnicodeScript.HIRAGANA,
            UnicodeScript.KATAKANA,
            UnicodeScript.HANGUL,
            UnicodeScript.BOPOMOFO);

    private ColumnText() {}

    static int columns(String text) {
        int columns = 0;
        for (int i = 0; i < text.length(); ) {
            int end = escapeEnd(text, i);
            if (end > i) {
                i = end;
                continue;
            }
            int codePoint = text.codePointAt(i);
            columns += columns(codePoint);
            i += Character.charCount(codePoint);
        }
        return columns;
    }

    /** As much of the text as that many columns hold, colours ended. */
    static String cut(String text, int most) {
        if (columns(text) <= most) {
            return text;
        }
        StringBuilder kept = new StringBuilder();
        int columns = 0;
        boolean coloured = false;
        for (int i = 0; i < text.length(); ) {
            int end = escapeEnd(text, i);
            if (end > i) {
                kept.append(text, i, end);
                coloured = true;
                i = end;
                continue;
            }
            int codePoint = text.codePointAt(i);
            columns += columns(codePoint);
            if (columns > most) {
                break;
            }
            kept.appendCodePoint(codePoint);
            i += Character.charCount(codePoint);
        }
        return coloured ? kept.append(ESCAPE).append("[0m").toString() : kept.toString();
    }

    /** The parts, two spaces between, of which the last are left out until that many columns hold the rest. */
    static String fit(List<String> parts, int most) {
        StringBuilder line = new StringBuilder();
        int columns = 0;
        for (String part : parts) {
            if (part.isEmpty()) {
                continue;
            }
            int more = columns(part) + (line.isEmpty() ? 0 : 2);
            if (!line.isEmpty() && columns + more > most) {
                break;
            }
            line.append(line.isEmpty() ? "" : "  ").append(part);
            columns += more;
        }
        return cut(line.toString(), most);
    }

    private static int columns(int codePoint) {
        int type = Character.getType(codePoint);
        if (type == Character.NON_SPACING_MARK || type == Character.ENCLOSING_MARK || type == Character.FORMAT) {
            return 0;
        }
        boolean fullWidth = codePoint >= 0x3000 && codePoint <= 0x303E || codePoint >= 0xFF01 && codePoint <= 0xFF60;
        boolean pictograph = codePoint >= 0x1F300 && codePoint <= 0x1FAFF;
        return fullWidth || pictograph || WIDE.contains(UnicodeScript.of(codePoint)) ? 2 : 1;
    }

    /** Where a colour that starts at an index ends, or that index if none does. */
    private static int escapeEnd(String text, int at) {
        if (text.charAt(at) != ESCAPE || at + 1 >= text.length() || text.charAt(at + 1) != '[') {
            return at;
        }
        int end = text.indexOf('m', at);
        return end < 0 ? at : end + 1;
    }
}
