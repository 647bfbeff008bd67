package dev.chaku.generate;

import java.util.List;

/**
 * How likely a continuation is.
 *
 * @param tokens those of the continuation in their order, each with its log-probability after all before it
 */
public record ContinuationScore(List<TokenLogprob> tokens) {
    public ContinuationScore {
        tokens = List.copyOf(tokens);
    }

    /** {@return the natural logarithm of its probability} */
    public double logprob() {
        return tokens.stream().mapToDouble(TokenLogprob::logprob).sum();
    }

    /** {@return the mean over its tokens: what makes continuations of different lengths comparable} */
    public double meanLogprob() {
        return logprob() / tokens.size();
    }
}
