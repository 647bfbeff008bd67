package dev.chaku.text;

import java.util.Arrays;

/** A set of code points: Unicode classes and ranges beside them, or all others. */
final class CodePointSet {
    private final int classes;
    private final int[] starts;
    private final int[] ends;
    private final boolean negated;

    private CodePointSet(int classes, int[] starts, int[] ends, boolean negated) {
        this.classes = classes;
        this.starts = starts;
        this.ends = ends;
        this.negated = negated;
    }

    static CodePointSet ofClasses(int classes) {
        return of(classes, "");
    }

    /**
     * Classes and ranges together.
     *
     * @param ranges code points and ranges in ascending order, as {@code A-Za-z_}
     */
    static CodePointSet of(int classes, String ranges) {
        int[] points = ranges.codePoints().toArray();
        int[] starts = new int[points.length];
        int[] ends = new int[points.length];
        int count = 0;
        for (int i = 0; i < points.length; i++) {
            starts[count] = points[i];
            if (i + 2 < points.length && points[i + 1] == '-') {
                i += 2;
            }
            ends[count++] = points[i];
        }
        return new CodePointSet(classes, Arrays.copyOf(starts, count), Arrays.copyOf(ends, count), false);
    }

    /** Every code point that is not in this set. */
    CodePointSet complement() {
        return new CodePointSet(classes, starts, ends, !negated);
    }

    boolean has(int codePoint) {
        return codePoint != CodePoints.NONE && negated != isListed(codePoint);
    }

    /** The end of the longest run of code points in the set. */
    int runEnd(byte[] utf8, int from, int end) {
        int position = from;
        while (position < end && has(CodePoints.at(utf8, position, end))) {
            position += CodePoints.length(utf8[position]);
        }
        return position;
    }

    private boolean isListed(int codePoint) {
        if (CodePoints.is(codePoint, classes)) {
            return true;
        }
        if (starts.length == 0) {
            return false;
        }
        int index = Arrays.binarySearch(starts, codePoint);
        int range = index >= 0 ? index : -index - 2;
        return range >= 0 && codePoint <= ends[range];
    }
}
