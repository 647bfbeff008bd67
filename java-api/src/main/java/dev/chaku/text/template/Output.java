package dev.chaku.text.template;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Builds a str from pieces, with the marks of the pieces moved to where they land. Not thread-safe. */
final class Output {
    private final Budget budget;
    private final StringBuilder characters = new StringBuilder();
    private @Nullable List<Text.Mark> marks;

    Output(Budget budget) {
        this.budget = budget;
    }

    int length() {
        return characters.length();
    }

    Output append(CharSequence piece) {
        int start = characters.length();
        budget.characters((long) start + piece.length(), piece.length());
        for (Text.Mark mark : Text.marks(piece)) {
            mark(start + mark.start(), start + mark.end());
        }
        characters.append(piece);
        return this;
    }

    Output append(char character) {
        characters.append(character);
        return this;
    }

    /** Marks characters that stand here already as generated. */
    void mark(int start, int end) {
        if (start >= end) {
            return;
        }
        if (marks == null) {
            marks = new ArrayList<>();
        }
        marks.add(new Text.Mark(start, end));
    }

    CharSequence toText() {
        return marks == null ? characters.toString() : Text.of(characters.toString(), List.copyOf(marks), false);
    }
}
