package dev.chaku.internal.generate.grammar;

import java.util.Arrays;

/**
 * A set of Unicode characters: ascending ranges that neither touch nor overlap. Surrogates are no characters and never
 * in it. Immutable.
 */
final class CharacterSet {
    static final int MAXIMUM = 0x10ffff;
    static final CharacterSet NONE = new CharacterSet(new int[0]);
    static final CharacterSet ALL = range(0, MAXIMUM);

    private static final int FIRST_SURROGATE = 0xd800;
    private static final int LAST_SURROGATE = 0xdfff;

    /** First and last of each range, in turn. */
    private final int[] bounds;

    private CharacterSet(int[] bounds) {
        this.bounds = bounds;
    }

    static CharacterSet of(int character) {
        return range(character, character);
    }

    /** The characters of a text. */
    static CharacterSet of(String characters) {
        int[] points = characters.codePoints().sorted().toArray();
        long[] ranges = new long[points.length];
        for (int i = 0; i < points.length; i++) {
            ranges[i] = (long) points[i] << 32 | points[i];
        }
        return ofRanges(ranges);
    }

    /** From the first to the last, both included. */
    static CharacterSet range(int first, int last) {
        if (first > last) {
            return NONE;
        }
        return ofRanges(new long[] {(long) first << 32 | last});
    }

    /** First and last character of each range, in turn, in any order. */
    static CharacterSet of(IntList bounds) {
        long[] ranges = new long[bounds.size() / 2];
        for (int i = 0; i < ranges.length; i++) {
            ranges[i] = (long) bounds.get(2 * i) << 32 | bounds.get(2 * i + 1);
        }
        return ofRanges(ranges);
    }

    /** Each range as its first character, shifted by 32, and its last. */
    private static CharacterSet ofRanges(long[] ranges) {
        Arrays.sort(ranges);
        int[] merged = new int[4 * ranges.length + 4];
        int size = 0;
        for (long range : ranges) {
            int first = (int) (range >>> 32);
            int last = (int) range;
            if (first < FIRST_SURROGATE && last >= FIRST_SURROGATE) {
                size = append(merged, size, first, FIRST_SURROGATE - 1);
                first = LAST_SURROGATE + 1;
            } else if (first >= FIRST_SURROGATE && first <= LAST_SURROGATE) {
                first = LAST_SURROGATE + 1;
            }
            if (last >= FIRST_SURROGATE && last <= LAST_SURROGATE) {
                last = FIRST_SURROGATE - 1;
            }
            size = first <= last ? append(merged, size, first, last) : size;
        }
        return size == 0 ? NONE : new CharacterSet(Arrays.copyOf(merged, size));
    }

    private static int append(int[] merged, int size, int first, int last) {
        if (size > 0 && first <= merged[size - 1] + 1) {
            merged[size - 1] = Math.max(merged[size - 1], last);
            return size;
        }
        merged[size] = first;
        merged[size + 1] = last;
        return size + 2;
    }

    CharacterSet or(CharacterSet other) {
        long[] ranges = new long[ranges() + other.ranges()];
        for (int i = 0; i < ranges.length; i++) {
            CharacterSet from = i < ranges() ? this : other;
            int at = i < ranges() ? i : i - ranges();
            ranges[i] = (long) from.first(at) << 32 | from.last(at);
        }
        return ofRanges(ranges);
    }

    CharacterSet complement() {
        long[] ranges = new long[ranges() + 1];
        int from = 0;
        for (int i = 0; i < ranges(); i++) {
            ranges[i] = (long) from << 32 | first(i) - 1;
            from = last(i) + 1;
        }
        ranges[ranges()] = (long) from << 32 | MAXIMUM;
        return ofRanges(Arrays.stream(ranges)
                .filter(range -> (int) (range >>> 32) <= (int) range)
                .toArray());
    }

    CharacterSet and(CharacterSet other) {
        return complement().or(other.complement()).complement();
    }

    CharacterSet minus(CharacterSet other) {
        return complement().or(other).complement();
    }

    boolean has(int character) {
        int at = Arrays.binarySearch(bounds, character);
        return at >= 0 || (-at - 1 & 1) == 1;
    }

    boolean isEmpty() {
        return bounds.length == 0;
    }

    int ranges() {
        return bounds.length / 2;
    }

    int first(int range) {
        return bounds[2 * range];
    }

    int last(int range) {
        return bounds[2 * range + 1];
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof CharacterSet set && Arrays.equals(bounds, set.bounds);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bounds);
    }
}
