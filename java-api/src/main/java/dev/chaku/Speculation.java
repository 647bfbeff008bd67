package dev.chaku;

import dev.chaku.errors.BadInputException;
import dev.chaku.internal.schedule.Drafting;
import dev.chaku.text.Tokenizer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * How a generation is made faster: its next tokens are drafted cheaply, and the model verifies several of them in one
 * step, which takes little longer than a step of one. A drafted token is kept where it is the one that the model
 * chooses, with the random numbers that it would use anyway: text, tokens and probabilities are the same to the last
 * digit with and without. How many are drafted follows from what steps were measured to take and from how often drafts
 * came true, so where it does not pay nothing is drafted. Immutable and thread-safe.
 */
public final class Speculation {
    /** Most tokens that may be drafted at once. */
    private static final int MOST = 32;

    private static final int DEFAULT_TOKENS = 15;
    private static final Speculation NONE = new Speculation(null, 0, false);
    private static final Speculation LOOKUP = new Speculation(null, DEFAULT_TOKENS, false);

    private final @Nullable Model draft;
    private final int mostTokens;
    private final boolean always;

    private Speculation(@Nullable Model draft, int mostTokens, boolean always) {
        this.draft = draft;
        this.mostTokens = mostTokens;
        this.always = always;
    }

    /** {@return nothing is drafted, as it is unless set} */
    public static Speculation none() {
        return NONE;
    }

    /**
     * {@return what followed the last tokens where they stood before is drafted, in the prompt or in the answer} It
     * pays where answers repeat what they were given: corrections, summaries with quotations, code, extraction. It
     * needs no memory to speak of.
     */
    public static Speculation lookup() {
        return LOOKUP;
    }

    /**
     * {@return a smaller model drafts} It reads each prompt, too, and keeps keys and values of its own. It wears no
     * adapters. Where it has a shorter context than a text, fails, or is closed while texts are under way, these go on
     * without drafts.
     *
     * @param model of the same vocabulary, which {@link Generator#speculation} checks; open when a generation begins
     * @throws BadInputException if its layers have a running memory, so that drafts cannot be taken back
     */
    public static Speculation draft(Model model) {
        if (model.loaded().spec().mixes()) {
            throw new BadInputException(model + ": expected a model of attention alone to draft, found layers of "
                    + model.architecture() + " with a running memory");
        }
        return new Speculation(model, DEFAULT_TOKENS, false);
    }

    /**
     * {@return a copy that drafts no more tokens at once than that}
     *
     * @param most 1 to 32; 15 unless set
     */
    public Speculation withMostTokens(int most) {
        if (most < 1 || most > MOST) {
            throw BadInputException.ofSetting("draft tokens", "1 to " + MOST, most);
        }
        return mostTokens == 0 ? this : new Speculation(draft, most, always);
    }

    /** {@return a copy that drafts all that it can, even where that does not pay; for measurements} */
    public Speculation always() {
        return new Speculation(draft, mostTokens, true);
    }

    /** @throws IllegalStateException if the model that drafts is closed */
    Drafting drafting() {
        Model model = draft;
        if (model == null) {
            return new Drafting(null, mostTokens, always);
        }
        model.loaded().requireOpen();
        Drafting.Source source =
                new Drafting.Source(model.loaded().core(), model.loaded().spec());
        return new Drafting(source, mostTokens, always);
    }

    /**
     * Refuses a drafting model of another vocabulary. Tokens that one of the two has behind the other's last may be
     * what they like: files are padded differently.
     */
    void requireVocabularyOf(Model target) {
        Model model = draft;
        if (model == null) {
            return;
        }
        Tokenizer own = model.loaded().tokenizerOrNull();
        Tokenizer other = target.loaded().tokenizerOrNull();
        if (own == null || other == null) {
            if (model.vocabSize() != target.vocabSize()) {
                throw new BadInputException(model + ": expected the vocabulary of " + target + " to draft for it, "
                        + target.vocabSize() + " tokens, found " + model.vocabSize());
            }
            return;
        }
        int both = Math.min(own.vocabSize(), other.vocabSize());
        for (int id = 0; id < both; id++) {
            if (!own.piece(id).equals(other.piece(id))
                    || own.isSpecial(id) != other.isSpecial(id)
                    || !Arrays.equals(own.bytes(id), other.bytes(id))) {
                throw new BadInputException(model + ": expected the vocabulary of " + target
                        + " to draft for it, found token " + id + " to be " + quoted(own, id) + " in place of "
                        + quoted(other, id));
            }
        }
    }

    private static String quoted(Tokenizer tokenizer, int id) {
        return "'" + tokenizer.piece(id) + "'" + (tokenizer.isSpecial(id) ? " (special)" : "");
    }
}
