package dev.chaku.text;

import java.util.OptionalInt;

/** Text to token ids and back, as the model's GGUF metadata defines it. Immutable and thread-safe. */
public interface Tokenizer {
    /** {@return the number of tokens; every id is in [0, vocabSize)} */
    int vocabSize();

    /**
     * Encodes a whole text.
     *
     * @param text the text
     * @param addSpecial adds what the model's metadata asks for around a text (BOS, EOS, CLS, SEP), but not where the
     *     text itself spells it there and {@code parseSpecial} reads that
     * @param parseSpecial reads special tokens written in the text ({@code <|im_start|>}); otherwise they are plain
     *     text
     * @return token ids
     */
    int[] encode(String text, boolean addSpecial, boolean parseSpecial);

    /**
     * Encodes a text to go on from: what the model's metadata ask for before a text is added, unless the text spells
     * it, and nothing after it, whatever they ask for.
     *
     * @param text the text
     * @param parseSpecial as in {@link #encode}
     * @return token ids
     */
    int[] encodePrompt(String text, boolean parseSpecial);

    /**
     * Decodes ids as a whole text: where encoding puts a space before a text, the first id loses it, and models that
     * want it lose spaces before punctuation. Bytes that are no valid UTF-8 become U+FFFD. Special tokens are left out
     * unless asked for.
     *
     * @param ids token ids in [0, vocabSize)
     * @param withSpecial whether special tokens are spelled out rather than left out
     * @return the text
     * @throws IndexOutOfBoundsException if an id is not in [0, vocabSize)
     */
    String decode(int[] ids, boolean withSpecial);

    /**
     * {@return a new incremental decoder, which holds back bytes until they form whole characters} It takes ids as the
     * middle of a text, so unlike {@link #decode} it removes no spaces. Not thread-safe.
     *
     * @param withSpecial whether special tokens are spelled out rather than left out
     */
    TokenDecoder decoder(boolean withSpecial);

    /**
     * {@return the token as the vocabulary spells it}
     *
     * @param id the token's id, in [0, vocabSize)
     */
    String piece(int id);

    /**
     * {@return the bytes that the token adds to a running text, often no whole character; none for special tokens and
     * unused ones}
     *
     * @param id the token's id, in [0, vocabSize)
     */
    byte[] bytes(int id);

    /**
     * {@return whether the token is a control token (never part of ordinary text)}
     *
     * @param id the token's id, in [0, vocabSize)
     */
    boolean isSpecial(int id);

    /**
     * {@return whether the token ends a generated text (EOS, end of turn, end of message)}
     *
     * @param id the token's id, in [0, vocabSize)
     */
    boolean isEndOfGeneration(int id);

    /** {@return the id of the token that begins a text; empty if the vocabulary has none} */
    OptionalInt bos();

    /** {@return the id of the token that ends a text; empty if the vocabulary has none} */
    OptionalInt eos();

    /**
     * {@return the id of a token by its exact spelling, special tokens included}
     *
     * @param piece the spelling
     */
    OptionalInt idOf(String piece);
}
