package dev.chaku.data;

/** Text from data for messages and terminals: what would move a cursor or begin a line is shown as a sign instead. */
public final class Printable {
    private static final char PICTURES = '\u2400';
    private static final char DELETE = 0x7f;

    private Printable() {}

    /**
     * {@return the text in one line: control characters become their pictures, such as U+241B for escape}
     *
     * @param text the text
     */
    public static String line(String text) {
        return text(text, "");
    }

    /**
     * {@return the same, but line breaks and tabs stay}
     *
     * @param text the text
     */
    public static String lines(String text) {
        return text(text, "\n\t");
    }

    private static String text(String text, String kept) {
        StringBuilder printable = null;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean shown = !Character.isISOControl(c) && !breaksLine(c) || kept.indexOf(c) >= 0;
            if (!shown && printable == null) {
                printable = new StringBuilder(text);
            }
            if (!shown) {
                printable.setCharAt(i, c < ' ' ? (char) (PICTURES + c) : c == DELETE ? '\u2421' : '\uFFFD');
            }
        }
        return printable == null ? text : printable.toString();
    }

    /** Unicode's own separators of lines and paragraphs, and the marks that turn the direction of what follows. */
    private static boolean breaksLine(char c) {
        return c == '\u2028' || c == '\u2029' || c >= '\u202a' && c <= '\u202e' || c >= '\u2066' && c <= '\u2069';
    }
}
