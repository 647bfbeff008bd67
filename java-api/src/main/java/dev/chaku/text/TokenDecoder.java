package dev.chaku.text;

/** Turns a stream of token ids into text, piece by piece. Not thread-safe. */
public interface TokenDecoder {
    /**
     * Adds a token and returns the characters that are now complete; often empty.
     *
     * @param id the token's id, in [0, vocabSize)
     * @return the text
     */
    String add(int id);

    /** {@return what is held back, with U+FFFD for bytes that never became a character} */
    String finish();
}
