package dev.chaku.text.template;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A str that remembers what was rendered inside {@code {% generation %}}, and whether it is safe. Wherever there is
 * nothing to remember a plain {@code String} stands instead, so code that handles a str takes any {@code CharSequence}.
 * Immutable.
 */
final class Text implements CharSequence {
    /** Characters start (inclusive) to end (exclusive), which were generated. */
    record Mark(int start, int end) {}

    private final String characters;
    private final List<Mark> marks;

    /** Whether the str went through {@code safe} or {@code escape}: it then escapes what is added to it. */
    private final boolean safe;

    private Text(String characters, List<Mark> marks, boolean safe) {
        this.characters = characters;
        this.marks = marks;
        this.safe = safe;
    }

    static CharSequence of(String characters, List<Mark> marks, boolean safe) {
        return marks.isEmpty() && !safe ? characters : new Text(characters, marks, safe);
    }

    static CharSequence safe(CharSequence text) {
        return new Text(text.toString(), marks(text), true);
    }

    static List<Mark> marks(@Nullable Object value) {
        return value instanceof Text text ? text.marks : List.of();
    }

    static boolean isSafe(@Nullable Object value) {
        return value instanceof Text text && text.safe;
    }

    /** The characters from start to end, marks kept. */
    static CharSequence slice(CharSequence source, int start, int end) {
        if (!(source instanceof Text text)) {
            return source.toString().substring(start, end);
        }
        List<Mark> kept = new ArrayList<>();
        for (Mark mark : text.marks) {
            int from = Math.max(mark.start(), start);
            int to = Math.min(mark.end(), end);
            if (from < to) {
                kept.add(new Mark(from - start, to - start));
            }
        }
        return of(text.characters.substring(start, end), List.copyOf(kept), text.safe);
    }

    /** The result of changing the characters of a str one by one; marks whose places are no longer known are lost. */
    static CharSequence changed(CharSequence source, String result) {
        return of(result, result.length() == source.length() ? marks(source) : List.of(), isSafe(source));
    }

    @Override
    public int length() {
        return characters.length();
    }

    @Override
    public char charAt(int index) {
        return characters.charAt(index);
    }

    @Override
    public CharSequence subSequence(int start, int end) {
        return slice(this, start, end);
    }

    @Override
    public String toString() {
        return characters;
    }
}
