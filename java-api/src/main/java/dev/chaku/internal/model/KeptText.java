package dev.chaku.internal.model;

import dev.chaku.internal.engine.EnginePool;
import dev.chaku.internal.engine.EngineSession;
import dev.chaku.internal.engine.EngineText;
import java.util.Arrays;
import java.util.List;

/** A text in the engine, and what is known of it here: its tokens, how they were computed, and what it wears. */
final class KeptText implements AutoCloseable {
    private final SharedPool pool;
    private final EngineText core;
    private final List<EngineSession.Worn> worn;
    private final int maxTokens;
    private final boolean mixes;
    private int[] tokens = new int[64];
    private int length;
    /**
     * Tokens at the beginning that were computed as a prompt: a prompt computed anew would have the same digits there.
     */
    private int promptLength;
    /** Where the running memories were kept last, 0: nowhere. */
    private int snapshot;

    private KeptText(SharedPool pool, EngineText core, List<EngineSession.Worn> worn, int maxTokens, boolean mixes) {
        this.pool = pool;
        this.core = core;
        this.worn = worn;
        this.maxTokens = maxTokens;
        this.mixes = mixes;
    }

    /** @param mixes whether layers have a running memory, which goes back to where it was kept alone */
    static KeptText empty(SharedPool pool, int maxTokens, List<EngineSession.Worn> worn, boolean mixes) {
        EngineText core = pool.text(maxTokens);
        try {
            if (!worn.isEmpty()) {
                pool.run(() -> core.setAdapters(worn));
            }
            return new KeptText(pool, core, worn, maxTokens, mixes);
        } catch (RuntimeException e) {
            core.close();
            throw e;
        }
    }

    SharedPool pool() {
        return pool;
    }

    /** Whether it can go on as a text of these adapters and this capacity. */
    boolean isLike(List<EngineSession.Worn> otherWorn, int otherMaxTokens) {
        return maxTokens == otherMaxTokens && worn.equals(otherWorn);
    }

    /** Whether an adapter that it wears is closed. */
    boolean wearsClosed() {
        return worn.stream().anyMatch(one -> one.adapter().isClosed());
    }

    /** How many tokens of a prompt need not be computed, all but its last at most. */
    int reusable(int[] prompt) {
        int common = 0;
        int most = Math.min(promptLength, prompt.length - 1);
        while (common < most && tokens[common] == prompt[common]) {
            common++;
        }
        if (!mixes || common == length) {
            return common;
        }
        return snapshot <= common ? snapshot : 0;
    }

    /** Whether most of it would be lost if it were cut to so many tokens. */
    boolean isWorthKeeping(int common) {
        return length > 2 * common;
    }

    /** Another that begins with its first tokens, {@link #reusable} ones. */
    KeptText fork(int n) {
        KeptText fork = new KeptText(pool, pool.make(() -> core.fork(n)), worn, maxTokens, mixes);
        fork.tokens = Arrays.copyOf(tokens, Math.max(64, n));
        fork.length = n;
        fork.promptLength = n;
        fork.snapshot = snapshot <= n ? snapshot : 0;
        return fork;
    }

    /** Forgets all but its first tokens, {@link #reusable} ones. */
    void truncate(int n) {
        if (n == length) {
            return;
        }
        pool.run(() -> core.truncate(n));
        length = n;
        promptLength = Math.min(promptLength, n);
        snapshot = snapshot <= n ? snapshot : 0;
    }

    int length() {
        return length;
    }

    EnginePool.Part part(EngineSession.Role role, int[] text, int from, int n, EngineSession.Logits which) {
        return new EnginePool.Part(core, text, from, n, role, which);
    }

    /** A part was computed. */
    void added(EngineSession.Role role, int[] text, int from, int n) {
        if (tokens.length < length + n) {
            tokens = Arrays.copyOf(tokens, Math.max(length + n, 2 * tokens.length));
        }
        System.arraycopy(text, from, tokens, length, n);
        if (role == EngineSession.Role.PROMPT && promptLength == length) {
            promptLength += n;
        }
        length += n;
    }

    /** Where a prompt of so many more tokens is cut so that a later one can go on from there, 0: nowhere. */
    int cut(int n) {
        int end = (length + n) / EnginePool.BLOCK * EnginePool.BLOCK;
        return mixes && promptLength == length && end > length ? end - length : 0;
    }

    /** Keeps the running memories as they are now, in place of those kept before. */
    void takeSnapshot() {
        pool.run(() -> {
            core.dropSnapshots();
            core.takeSnapshot();
        });
        snapshot = length;
    }

    @Override
    public void close() {
        core.close();
    }
}
