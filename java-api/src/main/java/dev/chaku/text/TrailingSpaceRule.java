package dev.chaku.text;

/**
 * White space at the very end: {@code \s+$}. Looks from the end, so that long runs elsewhere are not scanned again and
 * again.
 */
final class TrailingSpaceRule implements SplitRule {
    @Override
    public void split(byte[] utf8, int from, int end, Pieces out) {
        int start = end;
        while (start > from) {
            int previous = start - 1;
            while ((utf8[previous] & 0xc0) == 0x80) {
                previous--;
            }
            if (!CodePoints.is(CodePoints.at(utf8, previous, end), CodePoints.SPACE)) {
                break;
            }
            start = previous;
        }
        if (from < start) {
            out.piece(from, start);
        }
        if (start < end) {
            out.piece(start, end);
        }
    }
}
