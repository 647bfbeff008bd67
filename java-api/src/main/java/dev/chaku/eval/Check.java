package dev.chaku.eval;

/**
 * Whether an adapter over-fits, learned by heart or made its base forget: one measure against its threshold.
 *
 * <p>Names: {@code over_fitting} (how much higher the loss of held-out answers is than that of trained ones, in nats a
 * token), {@code general_loss} (nats a token of the general text), {@code own_answers} (nats a token of what the base
 * itself answers to the beginnings of the general text), {@code copied_words} (the longest run of words of an answer
 * that the training data have; before: of a reference).
 *
 * @param variant that wears the adapter
 * @param name of the measure
 * @param before the base's
 * @param after the adapter's
 * @param threshold of the rise; of copied words of their number
 * @param passed whether the adapter stays below it
 * @param text says what was found and, where it did not pass, what helps
 */
public record Check(
        String variant, String name, double before, double after, double threshold, boolean passed, String text) {}
