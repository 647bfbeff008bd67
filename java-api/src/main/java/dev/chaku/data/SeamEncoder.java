package dev.chaku.data;

import dev.chaku.text.Tokenizer;
import java.util.Arrays;

/**
 * Encodes text that goes on after other tokens. SentencePiece puts a space before a text, which is right at its
 * beginning and after a special token but not in its midst; some special tokens take the white space after them.
 * Thread-safe.
 */
final class SeamEncoder {
    private static final String SPACE = "\u2581";
    private static final String GUARD = "\n";

    private final Tokenizer tokenizer;
    /** The guard's tokens where the tokenizer puts a space before texts; else empty. */
    private final int[] guard;

    SeamEncoder(Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
        int[] probe = tokenizer.encode("a", false, false);
        boolean prefixes = probe.length > 0 && tokenizer.piece(probe[0]).startsWith(SPACE);
        this.guard = prefixes ? tokenizer.encode(GUARD, false, false) : new int[0];
    }

    /** @param last the token before the text, or -1 */
    int[] encode(String text, int last, boolean parseSpecial) {
        if (text.isEmpty() || last < 0) {
            return tokenizer.encode(text, false, parseSpecial);
        }
        if (tokenizer.isSpecial(last)) {
            return parseSpecial ? afterSpecial(text, last) : tokenizer.encode(text, false, false);
        }
        if (guard.length == 0) {
            return tokenizer.encode(text, false, parseSpecial);
        }
        // A line break takes the space, and no token of a SentencePiece vocabulary joins it to what follows.
        int[] guarded = tokenizer.encode(GUARD + text, false, parseSpecial);
        boolean apart =
                guarded.length >= guard.length && Arrays.equals(guarded, 0, guard.length, guard, 0, guard.length);
        return apart
                ? Arrays.copyOfRange(guarded, guard.length, guarded.length)
                : tokenizer.encode(text, false, parseSpecial);
    }

    /** Some special tokens take the white space that follows them, so they must be seen. */
    private int[] afterSpecial(String text, int last) {
        int[] both = tokenizer.encode(tokenizer.piece(last) + text, false, true);
        return both.length > 0 && both[0] == last
                ? Arrays.copyOfRange(both, 1, both.length)
                : tokenizer.encode(text, false, true);
    }
}
