package dev.chaku.internal.schedule;

import dev.chaku.internal.engine.EnginePool;
import dev.chaku.internal.engine.EngineText;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A text that the scheduler computes: its tokens as far as they are known, and how many of them are in the engine. It
 * can lose its place there at any time and be computed again, to the same digits. Of the scheduler's thread, but for
 * {@link #cancel}.
 */
abstract class Work {
    /** No row of logits but the last. */
    private static final int NONE = Integer.MAX_VALUE;

    final Order order;
    final PrefixTree.Key key;
    /** Most tokens that it may come to. */
    final int mostTokens;
    /** Of arrival. */
    long number;
    /** Of the last admission. */
    long admission;

    int[] tokens;
    int known;
    /** Those before it are read, the others are generated. */
    int promptTokens;
    /** From here on all rows of logits are wanted. */
    int allFrom = NONE;

    boolean wantsLast;

    @Nullable
    EngineText text;

    int computed;
    /** Tokens behind those that are known which the next step verifies. */
    int drafted;
    /** How many of them did not come. */
    int rejected;
    /** The text before a step with drafts, where it cannot be cut short afterwards. */
    private @Nullable EngineText before;
    /** A step with it has failed: it is computed alone until it has logits. */
    boolean suspect;

    private volatile boolean cancelled;

    Work(Order order, int maxTokens, int mostTokens, int[] tokens) {
        this.order = order;
        this.key = new PrefixTree.Key(order.worn(), maxTokens);
        this.mostTokens = mostTokens;
        this.tokens = tokens;
        this.known = tokens.length;
        this.promptTokens = tokens.length;
    }

    /** Whether there is something to compute now. */
    boolean isReady() {
        return computed < known && !isHeldUp();
    }

    boolean isPrompt() {
        return computed < promptTokens;
    }

    /** Whether what comes next is what a running text gives from step to step. */
    boolean isRunning() {
        return !isPrompt() && known - computed <= EnginePool.BLOCK / 4;
    }

    /** Takes what its owner wants next, if that has changed. */
    void look() {}

    /** Whether its consumer has enough for now. */
    boolean isHeldUp() {
        return false;
    }

    /** What drafts for it; null where nothing is drafted. */
    @Nullable
    Drafter drafter(Function<Drafting.Source, DraftModel> models) {
        return null;
    }

    /** Most tokens that may be drafted now. */
    int mostDrafted() {
        return 0;
    }

    /** Whether all that can be is drafted, without a look at what it costs. */
    boolean draftsAlways() {
        return false;
    }

    /** Its draft was verified. */
    void verified() {}

    /** Keeps the text as it is before a step with drafts. */
    final void keepBefore(EngineText now) {
        if (drafted > 0 && before == null) {
            before = now.fork(computed);
        }
    }

    /** Forgets what was drafted, before it was computed. */
    final void forgetDraft() {
        drafted = 0;
        rejected = 0;
        EngineText kept = before;
        before = null;
        if (kept != null) {
            kept.close();
        }
    }

    /**
     * Takes back what was drafted and did not come. A text that cannot be cut short is as it was before the step, and
     * what came is computed again with the next.
     */
    final void takeBack() {
        EngineText now = text;
        EngineText kept = before;
        if (drafted > 0) {
            verified();
        }
        if (now != null && rejected > 0) {
            if (kept == null) {
                computed -= rejected;
                now.truncate(computed);
            } else {
                now.close();
                text = kept;
                before = null;
                computed = kept.length();
            }
        }
        forgetDraft();
    }

    /** Whether its prompt may be taken from what was generated. */
    boolean asRead() {
        return true;
    }

    /** It has a place in the engine, and so many of its tokens were there before. */
    abstract void admitted(int cached);

    /**
     * Part of it was computed, up to {@link #computed}.
     *
     * @param rows the logits that were asked for, if any were, from its position on
     */
    abstract void told(int from, int n, FloatBuffer rows, int vocabSize);

    /** Whether it goes no further. */
    abstract boolean isOver();

    /** Ends it, once. */
    abstract void end(@Nullable Throwable failure);

    void cancel() {
        cancelled = true;
    }

    boolean isCancelled() {
        return cancelled;
    }

    /** Makes room for tokens behind those that are known. */
    final void reserve(int n) {
        if (known + n > tokens.length) {
            tokens = Arrays.copyOf(tokens, Math.max(64, 2 * (known + n)));
        }
    }

    /** Appends a token. */
    final void add(int token) {
        reserve(1);
        tokens[known++] = token;
    }

    /**
     * What is computed next.
     *
     * @param most tokens, at least 1
     * @param cut where a part must end, if it lies within; 0 for nowhere
     */
    EnginePool.Part next(EngineText in, int most, int cut) {
        boolean read = isPrompt();
        int end = Math.min(read ? promptTokens : known + drafted, computed + most);
        if (computed < cut && cut < end) {
            end = cut;
        }
        if (computed < allFrom && allFrom < end) {
            end = allFrom;
        }
        EnginePool.Logits logits = EnginePool.Logits.NONE;
        if (computed >= allFrom || drafted > 0) {
            logits = EnginePool.Logits.ALL;
        } else if (end == known && wantsLast) {
            logits = EnginePool.Logits.LAST;
        }
        EnginePool.Role role = read ? EnginePool.Role.PROMPT : EnginePool.Role.GENERATED;
        return new EnginePool.Part(in, tokens, computed, end - computed, role, logits);
    }

    /** Where the running memory of a prompt is kept so that a later one can go on from there, 0 for nowhere. */
    int cut() {
        return promptTokens / EnginePool.BLOCK * EnginePool.BLOCK;
    }
}
