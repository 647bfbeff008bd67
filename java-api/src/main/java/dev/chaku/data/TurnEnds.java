package dev.chaku.data;

import dev.chaku.text.Tokenizer;
import java.util.List;

/**
 * Sees to it that what is trained ends in a token that ends generation: a model that never saw one after an answer
 * never stops. Where nothing follows an answer the end-of-text token is added; where a token that ends generation
 * follows, as the next role's tag does in some templates, that token is trained with the answer. Immutable and
 * thread-safe.
 */
final class TurnEnds {
    /** Tokens of an answer, from and to, which count that much. */
    record Turn(int from, int to, float weight) {}

    /**
     * What became of the answers of one sequence.
     *
     * @param added whether the end-of-text token was added after the last
     * @param missing answers that no token ends
     */
    record Ends(boolean added, int missing) {}

    private final Tokenizer tokenizer;

    TurnEnds(Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    /** Ends a text, or a completion from a token on, that does not spell an end itself. */
    Ends endText(TokenRun run, int from) {
        if (isEnded(run, from, run.size())) {
            return new Ends(false, 0);
        }
        boolean added = addEnd(run, 1);
        return new Ends(added, added ? 0 : 1);
    }

    /** Ends the answers of a conversation, which stand in a run in this order. */
    Ends endTurns(TokenRun run, List<Turn> turns) {
        boolean added = false;
        int missing = 0;
        for (Turn turn : turns) {
            if (isEnded(run, turn.from(), turn.to())) {
                continue;
            }
            int next = turn.to();
            while (next < run.size() && isBlank(run.token(next))) {
                next++;
            }
            if (next < run.size()) {
                boolean ends = tokenizer.isEndOfGeneration(run.token(next));
                missing += ends ? 0 : 1;
                run.setWeight(turn.to(), ends ? next + 1 : turn.to(), turn.weight());
            } else {
                // White space after the answer would stand between it and its end.
                run.cut(turn.to());
                added = addEnd(run, turn.weight());
                missing += added ? 0 : 1;
            }
        }
        return new Ends(added, missing);
    }

    private boolean addEnd(TokenRun run, float weight) {
        if (tokenizer.eos().isEmpty()) {
            return false;
        }
        run.add(new int[] {tokenizer.eos().getAsInt()}, weight);
        return tokenizer.isEndOfGeneration(tokenizer.eos().getAsInt());
    }

    /** Whether the last token of a range that is no white space ends generation. */
    private boolean isEnded(TokenRun run, int from, int to) {
        int last = to - 1;
        while (last >= from && isBlank(run.token(last))) {
            last--;
        }
        return last >= from && tokenizer.isEndOfGeneration(run.token(last));
    }

    private boolean isBlank(int token) {
        return !tokenizer.isSpecial(token)
                && tokenizer.decode(new int[] {token}, true).isBlank();
    }
}
