package dev.chaku.generate;

import java.util.List;

/**
 * How likely a token was, before sampling options changed anything.
 *
 * @param id the token
 * @param piece as the vocabulary spells it
 * @param logprob natural logarithm of its probability
 * @param top the most likely tokens at its place, most likely first, without alternatives of their own
 */
public record TokenLogprob(int id, String piece, double logprob, List<TokenLogprob> top) {
    public TokenLogprob {
        top = List.copyOf(top);
    }
}
