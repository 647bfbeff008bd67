package dev.chaku.text;

/** A run of code points of one set: {@code [set]{least,most}}, after an optional space, {@code ␣?} or {@code \s?}. */
final class RunRule implements MatchRule {
    /** What may stand before the run. */
    enum Before {
        NOTHING,
        BLANK,
        WHITE_SPACE
    }

    private final Before before;
    private final CodePointSet set;
    private final int least;
    private final int most;

    private RunRule(Before before, CodePointSet set, int least, int most) {
        this.before = before;
        this.set = set;
        this.least = least;
        this.most = most;
    }

    /** {@code [set]+} after what may stand before it. */
    static RunRule of(Before before, CodePointSet set) {
        return new RunRule(before, set, 1, Integer.MAX_VALUE);
    }

    /** {@code [set]{least,most}}. */
    static RunRule of(CodePointSet set, int least, int most) {
        return new RunRule(Before.NOTHING, set, least, most);
    }

    @Override
    public int match(byte[] utf8, int at, int end) {
        int start = at;
        boolean skips =
                switch (before) {
                    case NOTHING -> false;
                    case BLANK -> utf8[at] == ' ';
                    case WHITE_SPACE -> CodePoints.is(CodePoints.at(utf8, at, end), CodePoints.SPACE);
                };
        if (skips) {
            start += CodePoints.length(utf8[at]);
        }
        int matched = run(utf8, start, end);
        // What may stand before the run can be in the set itself, and is then left to it.
        return matched > start ? matched : run(utf8, at, end);
    }

    /** The end of the run that begins at a position, or the position. */
    private int run(byte[] utf8, int from, int end) {
        int position = from;
        int count = 0;
        while (count < most && position < end && set.has(CodePoints.at(utf8, position, end))) {
            position += CodePoints.length(utf8[position]);
            count++;
        }
        return count < least ? from : position;
    }
}
