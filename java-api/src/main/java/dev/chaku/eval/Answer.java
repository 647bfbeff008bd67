package dev.chaku.eval;

import dev.chaku.generate.FinishReason;
import java.util.Objects;

/**
 * What a model answered to one example of a data set. Immutable.
 *
 * @param index of the example in its data set, from 0
 * @param source where the example stands: file and line
 * @param reference the answer that the data set has
 * @param text the model's answer
 * @param finishReason why it ended
 */
public record Answer(int index, String source, String reference, String text, FinishReason finishReason) {
    public Answer {
        Objects.requireNonNull(source, "source");
        Objects.requireNonNull(reference, "reference");
        Objects.requireNonNull(text, "text");
        Objects.requireNonNull(finishReason, "finishReason");
    }
}
