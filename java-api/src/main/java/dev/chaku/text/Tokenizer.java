package dev.chaku.text;

import java.util.OptionalInt;

/** Text to token ids and back, as the model's GGUF metadata defines it. Immutable and thread-safe. */
public interface Tokenizer {
    /** Number of tokens; every id is in [0, vocabSize). */
    int vocabSize();

    /**
     * Encodes a whole text.
     *
     * @param addSpecial adds what the model's metadata asks for around a text (BOS, EOS, CLS, SEP), but not where the
     *     text itself spells it there and {@code parseSpecial} reads that
     * @param parseSpecial reads special tokens written in the text ({@code <|im_start|>}); otherwise they are plain
     *     text
     */
    int[] encode(String text, boolean addSpecial, boolean parseSpecial);

    /**
     * Encodes a text to go on from: what the model's metadata ask for before a text is added, unless the text spells
     * it, and nothing after it, whatever they ask for.
     *
     * @param parseSpecial as in {@link #encode}
     */
    int[] encodePrompt(String text, boolean parseSpecial);

    /**
     * Decodes ids as a whole text: where encoding puts a space before a text, the first id loses it, and models that
     * want it lose spaces before punctuation. Bytes that are no valid UTF-8 become U+FFFD. Special tokens are left out
     * unless asked for.
     *
     * @throws IndexOutOfBoundsException if an id is not in [0, vocabSize)
     */
    String decode(int[] ids, boolean withSpecial);

    /**
     * A new incremental decoder, which holds back bytes until they form whole characters. It takes ids as the middle of
     * a text, so unlike {@link #decode} it removes no spaces. Not thread-safe.
     */
    TokenDecoder decoder(boolean withSpecial);

    /** The token as the vocabulary spells it. */
    String piece(int id);

    /** Whether the token is a control token (never part of ordinary text). */
    boolean isSpecial(int id);

    /** Whether the token ends a generated text (EOS, end of turn, end of message). */
    boolean isEndOfGeneration(int id);

    OptionalInt bos();

    OptionalInt eos();

    /** The id of a token by its exact spelling, special tokens included. */
    OptionalInt idOf(String piece);
}
