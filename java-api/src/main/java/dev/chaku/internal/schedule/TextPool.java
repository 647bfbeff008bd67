package dev.chaku.internal.schedule;

import dev.chaku.errors.ResourceException;
import dev.chaku.internal.engine.EngineModel;
import dev.chaku.internal.engine.EnginePool;
import dev.chaku.internal.engine.EngineText;
import dev.chaku.internal.engine.MemoryPlan;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The memory of a model's texts: a pool that is made when it is first needed, takes the place of a smaller one when
 * more is needed, and keeps what texts have in common. One thread at a time, but for {@link #cancel}, {@link #counts}
 * and what the tree allows.
 */
final class TextPool implements AutoCloseable {
    private static final double MEBIBYTE = 1 << 20;
    private static final int LEAST_BLOCKS = 64;
    /** What is taken where it is little. Memory is taken as it is used. */
    private static final int AMPLE_BLOCKS = 1024;
    /** One part in so many of the machine's memory may go to what texts have in common. */
    private static final int SHARE_FOR_CACHE = 8;
    /** And to texts under way. */
    private static final int SHARE_FOR_TEXTS = 2;

    private static final int LEAST_MEMORIES = 8;
    private static final int MOST_MIXED = 32;
    /** A text's running memory, the one of a step, and one that is kept of its prompt. */
    private static final int MEMORIES_OF_TEXT = 3;

    private final EngineModel model;
    private final Scheduler.Settings settings;
    private final boolean mixes;
    private final PrefixTree tree;
    private volatile @Nullable EnginePool core;
    private int blocks;
    private int memories;
    /** No larger pool can be had. */
    private boolean largest;

    TextPool(EngineModel model, Scheduler.Settings settings, boolean mixes) {
        this.model = model;
        this.settings = settings;
        this.mixes = mixes;
        this.tree = new PrefixTree(mixes);
    }

    /** Blocks of a text of so many tokens, one of which may be copied. */
    static int blocksOf(long tokens) {
        return (int) ((tokens + EnginePool.BLOCK - 1) / EnginePool.BLOCK) + 1;
    }

    PrefixTree tree() {
        return tree;
    }

    boolean mixes() {
        return mixes;
    }

    /** The pool; there must be one. */
    EnginePool core() {
        EnginePool now = core;
        if (now == null) {
            throw new IllegalStateException("there is no pool yet");
        }
        return now;
    }

    /** How full it is; nothing at all before it is first used. */
    EnginePool.Counts counts() {
        EnginePool now = core;
        return now == null ? new EnginePool.Counts(0, 0, 0, 0, 0) : now.counts();
    }

    /** Texts that running memories suffice for. */
    int mostTexts() {
        return mixes && core != null ? Math.max(1, (memories - 1) / MEMORIES_OF_TEXT) : Integer.MAX_VALUE;
    }

    /** Whether a text of so many blocks finds room when it is alone. */
    boolean hasRoomFor(int needed) {
        return core != null && needed <= blocks;
    }

    /** Whether a larger pool might be had for what is wanted. */
    boolean shouldGrow(long wanted, int texts) {
        return core == null || !largest && (wanted > blocks || texts > mostTexts());
    }

    /** A pool that may take the place of the present one. */
    record Size(int blocks, int memories) {}

    /**
     * Plans a pool in place of the present one; nothing is taken or given up.
     *
     * @param needed blocks that there must be
     * @param wanted blocks that would be good
     * @return null if the present one has room for those needed, and no larger one can be had
     * @throws ResourceException if there is no room for those needed within the memory limit
     */
    @Nullable
    Size plan(int needed, long wanted, int texts) {
        int most = Integer.MAX_VALUE / EnginePool.BLOCK;
        int good = (int) Math.min(most, Math.max(LEAST_BLOCKS, 2 * Math.max(needed, wanted)));
        int newMemories = mixes ? Math.max(LEAST_MEMORIES, MEMORIES_OF_TEXT * Math.min(texts, MOST_MIXED) + 1) : 0;
        requireWithinLimit(needed, newMemories);
        int ample = Math.max(good, AMPLE_BLOCKS);
        while (ample > good && !isAffordable(ample, newMemories, SHARE_FOR_CACHE)) {
            ample = Math.max(good, ample / 2);
        }
        while (ample > needed && !isAffordable(ample, newMemories, SHARE_FOR_TEXTS)) {
            ample = Math.max(needed, ample / 2);
            largest = true;
        }
        if (hasRoomFor(needed) && ample <= blocks && newMemories <= memories) {
            largest = true;
            return null;
        }
        return new Size(ample, newMemories);
    }

    private void requireWithinLimit(int needed, int newMemories) {
        if (settings.memoryLimitBytes() == 0) {
            return;
        }
        MemoryPlan plan = model.plan(options(needed, newMemories));
        if (plan.totalBytes() > settings.memoryLimitBytes()) {
            throw new ResourceException(String.format(
                    Locale.ROOT,
                    "a text of %d tokens: expected at most %.1f MiB of memory (the memory limit), found %.1f MiB needed: weights %.1f,"
                            + " keys and values %.1f, working memory %.1f; fewer tokens or a narrower cache take less",
                    (needed - 1) * EnginePool.BLOCK,
                    settings.memoryLimitBytes() / MEBIBYTE,
                    plan.totalBytes() / MEBIBYTE,
                    plan.weightBytes() / MEBIBYTE,
                    plan.activationBytes() / MEBIBYTE,
                    plan.scratchBytes() / MEBIBYTE));
        }
    }

    /**
     * Makes a planned pool in place of the present one, whose texts are closed.
     *
     * @param needed blocks that there must be
     * @throws ResourceException if the machine has no room for those needed by now; then there is no pool
     */
    void replace(Size size, int needed) {
        int had = blocks;
        close();
        try {
            open(size.blocks(), size.memories());
        } catch (ResourceException e) {
            if (size.blocks() == needed) {
                throw e;
            }
            largest = true;
            open(Math.max(needed, Math.min(had, size.blocks() - 1)), size.memories());
        }
    }

    /** Whether a pool takes no more than a share of what the machine has once the present one is closed. */
    private boolean isAffordable(int newBlocks, int newMemories, int share) {
        MemoryPlan plan = model.plan(options(newBlocks, newMemories));
        long available = plan.availableBytes() + residentBytes();
        return ownBytes(plan) <= available / share
                && (settings.memoryLimitBytes() == 0 || plan.totalBytes() <= settings.memoryLimitBytes());
    }

    /** What the present pool has taken of the machine's memory, at least: that of the blocks in use. */
    private long residentBytes() {
        if (core == null) {
            return 0;
        }
        EnginePool.Counts now = counts();
        double used = (double) (now.blocks() - now.freeBlocks()) / Math.max(1, now.blocks());
        return (long) (used * model.plan(options(blocks, memories)).activationBytes());
    }

    private static long ownBytes(MemoryPlan plan) {
        return plan.totalBytes() - plan.weightBytes();
    }

    private void open(int newBlocks, int newMemories) {
        core = model.pool(options(newBlocks, newMemories));
        blocks = newBlocks;
        memories = newMemories;
    }

    private EnginePool.Options options(int newBlocks, int newMemories) {
        int tokens = Math.multiplyExact(newBlocks, EnginePool.BLOCK);
        return new EnginePool.Options(
                tokens, 0, newMemories, settings.memoryLimitBytes(), settings.cache(), settings.activations());
    }

    /** An empty text. */
    EngineText text(PrefixTree.Key key) {
        EngineText text = core().text(key.maxTokens());
        try {
            if (!key.worn().isEmpty()) {
                text.setAdapters(key.worn());
            }
            return text;
        } catch (RuntimeException e) {
            text.close();
            throw e;
        }
    }

    /** Ends the step under way. Any thread. */
    void cancel() {
        EnginePool now = core;
        if (now != null) {
            now.cancel();
        }
    }

    @Override
    public void close() {
        tree.clear();
        EnginePool now = core;
        core = null;
        blocks = 0;
        if (now != null) {
            now.close();
        }
    }
}
