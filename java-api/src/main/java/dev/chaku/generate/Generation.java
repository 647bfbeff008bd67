package dev.chaku.generate;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A generated text.
 *
 * @param text without prompt and stop string
 * @param tokens ids generated, those of a stop string included, the one that ends the text not; copied in and out
 * @param finishReason why it ended
 * @param promptTokens tokens of the prompt
 * @param cachedTokens of those, computed by an earlier call
 * @param prefillTokensPerSecond tokens of the prompt that were computed, by the time that took; 0 if unknown
 * @param decodeTokensPerSecond tokens computed after the prompt, by the time that took; 0 if there was none
 * @param logprobs one per token if asked for, else none
 * @param formResult what came of the form that was asked for; null if none was
 * @param draftedTokens computed before they were chosen, see {@link dev.chaku.Speculation}
 * @param acceptedTokens of those, the ones that were chosen then
 * @param times how long it waited and took
 */
public record Generation(
        String text,
        int[] tokens,
        FinishReason finishReason,
        int promptTokens,
        int cachedTokens,
        double prefillTokensPerSecond,
        double decodeTokensPerSecond,
        List<TokenLogprob> logprobs,
        @Nullable FormResult formResult,
        int draftedTokens,
        int acceptedTokens,
        GenerationTimes times) {

    public Generation {
        tokens = tokens.clone();
        logprobs = List.copyOf(logprobs);
    }

    /** {@return what came of the form that was asked for; empty if none was} */
    public Optional<FormResult> form() {
        return Optional.ofNullable(formResult);
    }

    /** {@return a copy of the token ids} */
    @Override
    public int[] tokens() {
        return tokens.clone();
    }

    @Override
    public String toString() {
        return text;
    }
}
