package dev.chaku.text;

/**
 * One rule that splits text into pieces, as a regular expression would: pieces are what matches and what lies between.
 *
 * <p>Rules are hand-written scanners. Stock regular expressions for this job backtrack and recurse, which overflows the
 * stack on long words, and they work on chars, not on the UTF-8 that vocabularies hold.
 */
interface SplitRule {
    /** Takes pieces, in order. */
    @FunctionalInterface
    interface Pieces {
        void piece(int from, int to);
    }

    /** Splits a range of whole code points; every byte of it ends up in exactly one piece, none of which is empty. */
    void split(byte[] utf8, int from, int end, Pieces out);
}
