package dev.chaku.internal.generate;

import dev.chaku.errors.BadInputException;
import dev.chaku.generate.ContinuationScore;
import dev.chaku.generate.TokenLogprob;
import dev.chaku.internal.io.Interruption;
import dev.chaku.text.Tokenizer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Computes given texts and says how likely their tokens are. Logits are computed where they are asked for, and a few
 * rows at a time. Not thread-safe.
 */
public final class LogprobLoop {
    private static final int ROWS = 16;
    private static final int PROMPT_PART = 512;

    private final DecodeSession session;
    private final Logprobs logprobs;
    private final FloatBuffer logits;

    /** Is told of a position's logits. */
    private interface Reader {
        void at(int position, FloatBuffer row);
    }

    /** @param tokenizer null if the model has none: pieces stay empty then */
    public LogprobLoop(DecodeSession session, @Nullable Tokenizer tokenizer) {
        this.session = session;
        this.logprobs = new Logprobs(session.vocabSize(), 0, tokenizer);
        int bytes = Math.multiplyExact(ROWS * Float.BYTES, session.vocabSize());
        this.logits =
                ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder()).asFloatBuffer();
    }

    /** How likely tokens are to go on after others; both have at least one. */
    public ContinuationScore score(int[] prompt, int[] continuation) {
        if (prompt.length == 0 || continuation.length == 0) {
            throw new BadInputException(
                    "score: expected a prompt and a continuation of at least one token each, found none");
        }
        int[] all = new int[prompt.length + continuation.length];
        System.arraycopy(prompt, 0, all, 0, prompt.length);
        System.arraycopy(continuation, 0, all, prompt.length, continuation.length);
        boolean[] wanted = new boolean[all.length];
        Arrays.fill(wanted, prompt.length - 1, all.length - 1, true);
        List<TokenLogprob> scored = new ArrayList<>(continuation.length);
        read(all, wanted, (position, row) -> scored.add(logprobs.of(all[position + 1], row)));
        return new ContinuationScore(scored);
    }

    /**
     * Adds a sequence to a data set's loss.
     *
     * @param weights position i counts that much for predicting token i + 1; the last is 0
     */
    public void add(int[] tokens, float[] weights, LossSum sum) {
        boolean[] wanted = new boolean[tokens.length];
        boolean any = false;
        for (int i = 0; i + 1 < tokens.length; i++) {
            wanted[i] = weights[i] != 0;
            any |= wanted[i];
        }
        if (!any) {
            return;
        }
        read(tokens, wanted, (position, row) -> {
            int next = tokens[position + 1];
            sum.token(logprobs.of(next, row).logprob(), weights[position], best(row) == next);
        });
        sum.sequence();
    }

    /** Computes a text up to the last position that is wanted, and reads the logits of those that are. */
    private void read(int[] tokens, boolean[] wanted, Reader reader) {
        requireTokens(tokens);
        int first = 0;
        int end = 0;
        for (int i = wanted.length - 1; i >= 0; i--) {
            if (wanted[i]) {
                end = end == 0 ? i + 1 : end;
                first = i;
            }
        }
        int from = session.startWith(Arrays.copyOf(tokens, first + 1));
        while (from < end) {
            Interruption.check("scoring");
            int most = Math.min(end - from, wanted[from] ? ROWS : PROMPT_PART);
            int n = 1;
            while (n < most && wanted[from + n] == wanted[from]) {
                n++;
            }
            if (wanted[from]) {
                session.appendForAll(tokens, from, n, logits);
                for (int i = 0; i < n; i++) {
                    reader.at(from + i, logits.slice(i * session.vocabSize(), session.vocabSize()));
                }
            } else {
                session.append(tokens, from, n, null);
            }
            from += n;
        }
    }

    private void requireTokens(int[] tokens) {
        if (tokens.length > session.capacity()) {
            throw new BadInputException("expected at most " + session.capacity() + " tokens, got " + tokens.length);
        }
        for (int id : tokens) {
            if (id < 0 || id >= session.vocabSize()) {
                throw new BadInputException(
                        "expected token ids from 0 to " + (session.vocabSize() - 1) + ", got " + id);
            }
        }
    }

    private static int best(FloatBuffer row) {
        int best = 0;
        for (int i = 1; i < row.remaining(); i++) {
            best = row.get(i) > row.get(best) ? i : best;
        }
        return best;
    }
}
