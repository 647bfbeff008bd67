package dev.chaku.cli;

import dev.chaku.data.Printable;
import dev.chaku.text.TokenDecoder;
import dev.chaku.text.Tokenizer;

/**
 * Tokens as text that shows which of them are trained. With colours: trained tokens green and bold, others dim, special
 * tokens underlined. Without: trained text in {@code ⟦ ⟧}, special tokens in {@code « »}. Not thread-safe.
 */
final class TokenPainter {
    static final String LEGEND = "trained text stands in ⟦ ⟧, special tokens in « »";
    static final String COLOUR_LEGEND = "trained tokens are green, the others dim, special tokens underlined";

    private enum Look {
        PLAIN,
        SPECIAL,
        TRAINED,
        TRAINED_SPECIAL
    }

    private final Console console;
    private final Tokenizer tokenizer;

    TokenPainter(Console console, Tokenizer tokenizer) {
        this.console = console;
        this.tokenizer = tokenizer;
    }

    /**
     * Paints tokens from one index to before another.
     *
     * @param mask what predicting each token counts
     */
    String paint(int[] tokens, float[] mask, int from, int to) {
        StringBuilder painted = new StringBuilder();
        StringBuilder run = new StringBuilder();
        TokenDecoder decoder = tokenizer.decoder(true);
        Look look = Look.PLAIN;
        for (int i = from; i < to; i++) {
            Look next = look(tokens[i], mask[i]);
            if (next != look) {
                flush(run.append(decoder.finish()), look, painted);
                bracket(look, next, painted);
                look = next;
            }
            String text = Printable.lines(decoder.add(tokens[i]));
            run.append(next == Look.SPECIAL || next == Look.TRAINED_SPECIAL ? special(text, tokens[i]) : text);
        }
        flush(run.append(decoder.finish()), look, painted);
        bracket(look, Look.PLAIN, painted);
        return painted.toString();
    }

    /** The mask of a sequence or row: what predicting each token counts, from what each token's position counts. */
    static float[] mask(float[] weights) {
        float[] mask = new float[weights.length];
        System.arraycopy(weights, 0, mask, 1, weights.length - 1);
        return mask;
    }

    private Look look(int token, float weight) {
        if (tokenizer.isSpecial(token)) {
            return weight > 0 ? Look.TRAINED_SPECIAL : Look.SPECIAL;
        }
        return weight > 0 ? Look.TRAINED : Look.PLAIN;
    }

    private String special(String text, int token) {
        String spelled = text.isEmpty() ? tokenizer.piece(token) : text;
        return console.colours() ? spelled : "«" + spelled + "»";
    }

    private void bracket(Look before, Look after, StringBuilder painted) {
        if (!console.colours() && isTrained(before) != isTrained(after)) {
            painted.append(isTrained(after) ? '⟦' : '⟧');
        }
    }

    private static boolean isTrained(Look look) {
        return look == Look.TRAINED || look == Look.TRAINED_SPECIAL;
    }

    private void flush(StringBuilder run, Look look, StringBuilder painted) {
        if (!run.isEmpty()) {
            painted.append(coloured(run.toString(), look));
            run.setLength(0);
        }
    }

    private String coloured(String text, Look look) {
        String shown = look == Look.SPECIAL || look == Look.TRAINED_SPECIAL
                ? console.colour(Console.Colour.UNDERLINE, text)
                : text;
        return isTrained(look)
                ? console.colour(Console.Colour.BOLD, console.colour(Console.Colour.GREEN, shown))
                : console.colour(Console.Colour.DIM, shown);
    }
}
