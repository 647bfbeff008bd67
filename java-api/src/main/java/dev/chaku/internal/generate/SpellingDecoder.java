package dev.chaku.internal.generate;

import dev.chaku.text.TokenDecoder;
import dev.chaku.text.Tokenizer;
import java.util.BitSet;

/** Turns tokens into text in which some control tokens stand as they are spelled. Not thread-safe. */
final class SpellingDecoder implements TokenDecoder {
    private final Tokenizer tokenizer;
    private final TokenDecoder decoder;
    private final BitSet spelled;

    SpellingDecoder(Tokenizer tokenizer, BitSet spelled) {
        this.tokenizer = tokenizer;
        this.decoder = tokenizer.decoder(false);
        this.spelled = spelled;
    }

    @Override
    public String add(int id) {
        return spelled.get(id) ? decoder.finish() + tokenizer.piece(id) : decoder.add(id);
    }

    @Override
    public String finish() {
        return decoder.finish();
    }
}
