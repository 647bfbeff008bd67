package dev.chaku.internal.generate;

import dev.chaku.errors.BadInputException;
import dev.chaku.generate.SamplingOptions;
import dev.chaku.internal.generate.grammar.CompiledForm;
import java.util.BitSet;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What to generate.
 *
 * @param prompt ids, at least one; not copied
 * @param maxTokens most tokens to generate, at least 0
 * @param sampling how tokens are chosen
 * @param stops the text ends before the first of them that comes up; none is empty
 * @param endless goes on where the model would end its text
 * @param topLogprobs with {@code withLogprobs}, how many alternatives are told for each token
 * @param withLogprobs whether the probability of each token is told
 * @param form what the text must be like; null for any text
 * @param closesForm whether the form is ended in the shortest way where tokens would not suffice otherwise
 * @param spelled control tokens that stand in the text as they are spelled, where others leave no trace; not copied
 * @param listener gets the text piece by piece, on the thread that chooses tokens
 */
public record GenerationRequest(
        int[] prompt,
        int maxTokens,
        SamplingOptions sampling,
        List<String> stops,
        boolean endless,
        boolean withLogprobs,
        int topLogprobs,
        @Nullable CompiledForm form,
        boolean closesForm,
        BitSet spelled,
        Consumer<String> listener) {

    public GenerationRequest {
        stops = List.copyOf(stops);
        if (prompt.length == 0) {
            throw new BadInputException("prompt: expected at least one token, got none");
        }
        if (maxTokens < 0) {
            throw BadInputException.ofSetting("max tokens", "at least 0", maxTokens);
        }
        if (topLogprobs < 0) {
            throw BadInputException.ofSetting("top logprobs", "at least 0", topLogprobs);
        }
        if (stops.contains("")) {
            throw new BadInputException("stop string: expected at least one character, got none");
        }
    }

    /** {@return the same for another listener} */
    public GenerationRequest withListener(Consumer<String> other) {
        return new GenerationRequest(
                prompt,
                maxTokens,
                sampling,
                stops,
                endless,
                withLogprobs,
                topLogprobs,
                form,
                closesForm,
                spelled,
                other);
    }
}
