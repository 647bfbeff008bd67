package dev.chaku.text;

/** A rule whose pieces are the leftmost matches of a pattern, each looked for where the one before it ended. */
interface MatchRule extends SplitRule {
    /**
     * The end of the match that begins exactly at a position.
     *
     * @param at a code point's first byte, below {@code end}
     * @param end where the text ends for this rule, whatever the array holds past it
     * @return past the match, or {@code at} if there is none
     */
    int match(byte[] utf8, int at, int end);

    @Override
    default void split(byte[] utf8, int from, int end, Pieces out) {
        int gap = from;
        int position = from;
        while (position < end) {
            int matched = match(utf8, position, end);
            if (matched == position) {
                position += CodePoints.length(utf8[position]);
                continue;
            }
            if (gap < position) {
                out.piece(gap, position);
            }
            out.piece(position, matched);
            position = matched;
            gap = matched;
        }
        if (gap < end) {
            out.piece(gap, end);
        }
    }
}
