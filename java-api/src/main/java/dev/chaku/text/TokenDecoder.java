package dev.chaku.text;

/** Turns a stream of token ids into text, piece by piece. Not thread-safe. */
public interface TokenDecoder {
    /** Adds a token and returns the characters that are now complete; often empty. */
    String add(int id);

    /** Returns what is held back, with U+FFFD for bytes that never became a character. */
    String finish();
}
