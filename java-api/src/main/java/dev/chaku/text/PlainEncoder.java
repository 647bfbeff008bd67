package dev.chaku.text;

/** Turns text without special tokens into ids. Immutable and thread-safe. */
interface PlainEncoder {
    /**
     * Encodes a range of UTF-8, which begins and ends between characters.
     *
     * @param first whether the whole text begins here; what does not follows a special token
     */
    void encode(byte[] utf8, int from, int to, boolean first, TokenBuffer out);
}
