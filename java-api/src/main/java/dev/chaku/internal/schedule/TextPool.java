package dev.chaku.internal.schedule;

import dev.chaku.errors.ResourceException;
import dev.chaku.gguf.GgmlType;
import dev.chaku.internal.engine.EngineModel;
import dev.chaku.internal.engine.EnginePool;
import dev.chaku.internal.engine.EngineText;
import dev.chaku.internal.engine.MemoryPlan;
import org.jspecify.annotations.Nullable;

/**
 * The memory of a model's texts: a pool that is made when it is first needed, takes the place of a smaller one when
 * more is needed, and keeps what texts have in common. One thread at a time, but for {@link #cancel}, {@link #counts}
 * and what the tree allows.
 */
final class TextPool implements AutoCloseable {
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
    private final long memoryLimitBytes;
    private final GgmlType cache;
    private final boolean mixes;
    private final PrefixTree tree;
    private volatile @Nullable EnginePool core;
    private int blocks;
    private int memories;
    /** No larger pool can be had. */
    private boolean largest;

    TextPool(EngineModel model, long memoryLimitBytes, GgmlType cache, boolean mixes) {
        this.model = model;
        this.memoryLimitBytes = memoryLimitBytes;
        this.cache = cache;
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

    /**
     * Makes a pool in place of the present one, whose texts are closed.
     *
     * @param needed blocks that there must be
     * @param wanted blocks that would be good
     * @throws ResourceException if there is no room for those needed; then there is no pool
     */
    void grow(int needed, long wanted, int texts) {
        int most = Integer.MAX_VALUE / EnginePool.BLOCK;
        int had = blocks;
        int good = (int) Math.min(most, Math.max(LEAST_BLOCKS, 2 * Math.max(needed, wanted)));
        int newMemories = mixes ? Math.max(LEAST_MEMORIES, MEMORIES_OF_TEXT * Math.min(texts, MOST_MIXED) + 1) : 0;
        close();
        int ample = Math.max(good, AMPLE_BLOCKS);
        while (ample > good && !isAffordable(ample, newMemories, SHARE_FOR_CACHE)) {
            ample = Math.max(good, ample / 2);
        }
        while (ample > needed && !isAffordable(ample, newMemories, SHARE_FOR_TEXTS)) {
            ample = Math.max(needed, ample / 2);
            largest = true;
        }
        try {
            open(ample, newMemories);
        } catch (ResourceException e) {
            if (ample == needed) {
                throw e;
            }
            largest = true;
            open(Math.max(needed, Math.min(had, ample - 1)), newMemories);
        }
    }

    /** Whether a pool takes no more than a share of what the machine has. */
    private boolean isAffordable(int newBlocks, int newMemories, int share) {
        MemoryPlan plan = model.plan(options(newBlocks, newMemories));
        long own = plan.totalBytes() - plan.weightBytes();
        return own <= plan.availableBytes() / share && (memoryLimitBytes == 0 || plan.totalBytes() <= memoryLimitBytes);
    }

    private void open(int newBlocks, int newMemories) {
        core = model.pool(options(newBlocks, newMemories));
        blocks = newBlocks;
        memories = newMemories;
    }

    private EnginePool.Options options(int newBlocks, int newMemories) {
        int tokens = Math.multiplyExact(newBlocks, EnginePool.BLOCK);
        return new EnginePool.Options(tokens, 0, newMemories, memoryLimitBytes, cache);
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
