package dev.chaku.text;

/** Digits in threes from the right, 1|234|567: a cut wherever {@code (?=(\d{3})+(?!\d))} holds. */
final class DigitTripleRule implements SplitRule {
    /** What is no digit stays in one piece with up to two digits that follow it, for the cut lies after those. */
    @Override
    public void split(byte[] utf8, int from, int end, Pieces out) {
        int start = from;
        int position = from;
        while (position < end) {
            int digits = digitsEnd(utf8, position, end);
            if (digits == position) {
                position++;
                continue;
            }
            for (int cut = position + (digits - position) % 3; cut < digits; cut += 3) {
                if (cut > start) {
                    out.piece(start, cut);
                    start = cut;
                }
            }
            position = digits;
        }
        if (start < end) {
            out.piece(start, end);
        }
    }

    private static int digitsEnd(byte[] utf8, int from, int end) {
        int position = from;
        while (position < end && utf8[position] >= '0' && utf8[position] <= '9') {
            position++;
        }
        return position;
    }
}
