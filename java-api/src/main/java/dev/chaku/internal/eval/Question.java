package dev.chaku.internal.eval;

import dev.chaku.data.Example;
import java.util.List;

/**
 * An example as it is asked.
 *
 * @param index of the example in its data set
 * @param prompt tokens as training has them before the answer
 * @param answer tokens as training has them, the one that ends the answer among them
 * @param reference the answer as text
 * @param choices among which the right answer is; often none
 */
public record Question(
        int index, Example example, int[] prompt, int[] answer, String reference, List<String> choices) {}
