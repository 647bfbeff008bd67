package dev.chaku.internal.schedule;

import dev.chaku.errors.ResourceException;
import dev.chaku.internal.engine.EngineModel;
import dev.chaku.internal.engine.EnginePool;
import dev.chaku.internal.engine.EngineText;
import dev.chaku.internal.engine.MemoryPlan;
import dev.chaku.internal.io.DirectBuffers;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A model that drafts what texts of another may go on with, those of a step together. Where it fails nothing is drafted
 * any more: that is no reason for a text to fail. Of the scheduler's thread.
 */
final class DraftModel implements AutoCloseable {
    /** Tokens of texts that it has not read that are read beside a step. */
    private static final int READ_AT_ONCE = 512;

    private static final int AMPLE_BLOCKS = 1024;
    private static final int LEAST_BLOCKS = 16;
    /** One part in so many of the machine's memory may go to what it keeps of texts. */
    private static final int SHARE_OF_MEMORY = 8;

    private static final double NEW = 0.2;
    private static final System.Logger LOG = System.getLogger("dev.chaku.Speculation");

    private final EngineModel core;
    private final int contextLength;
    private final int vocabSize;
    private final Scheduler.Settings settings;
    private final List<ModelDrafter> behind = new ArrayList<>();
    private final List<ModelDrafter> asked = new ArrayList<>();
    private FloatBuffer logits = DirectBuffers.floats(0);
    private @Nullable EnginePool pool;
    private double nanosPerToken;
    private boolean failed;

    /** @param vocabSize of the texts' model */
    DraftModel(Drafting.Source source, int vocabSize, Scheduler.Settings settings) {
        this.core = source.core();
        this.contextLength = source.spec().contextLength();
        this.vocabSize = vocabSize;
        this.settings = settings;
    }

    boolean hasFailed() {
        return failed;
    }

    int contextLength() {
        return contextLength;
    }

    double nanosPerToken() {
        return nanosPerToken;
    }

    /** Has part of a text read that it has not seen. */
    void read(ModelDrafter drafter) {
        behind.add(drafter);
    }

    /** Has tokens drafted by {@link #draft}. */
    void ask(ModelDrafter drafter) {
        asked.add(drafter);
    }

    /** An empty text. */
    EngineText text(int maxTokens) {
        EnginePool now = pool;
        if (now == null) {
            now = open();
            pool = now;
        }
        return now.text(maxTokens);
    }

    private EnginePool open() {
        int blocks = AMPLE_BLOCKS;
        while (blocks > LEAST_BLOCKS && !isAffordable(options(blocks))) {
            blocks /= 2;
        }
        return core.pool(options(blocks));
    }

    private EnginePool.Options options(int blocks) {
        return new EnginePool.Options(
                blocks * EnginePool.BLOCK,
                READ_AT_ONCE,
                0,
                settings.memoryLimitBytes(),
                settings.cache(),
                settings.activations());
    }

    private boolean isAffordable(EnginePool.Options options) {
        MemoryPlan plan = core.plan(options);
        return plan.totalBytes() - plan.weightBytes() <= plan.availableBytes() / SHARE_OF_MEMORY;
    }

    /** Drafts what was asked for, and reads on in texts that were not read yet. */
    void draft() {
        try {
            draftAll();
            readOn();
        } catch (RuntimeException e) {
            failed = true;
            LOG.log(System.Logger.Level.WARNING, "texts go on without a drafting model, which failed", e);
        } finally {
            asked.clear();
            behind.clear();
        }
    }

    private void draftAll() {
        List<ModelDrafter> round = new ArrayList<>(asked);
        long start = System.nanoTime();
        int rounds = 0;
        for (; !round.isEmpty(); rounds++) {
            compute(round, EnginePool.Role.GENERATED, EnginePool.Logits.LAST, EnginePool.BLOCK);
            int row = 0;
            for (Iterator<ModelDrafter> each = round.iterator(); each.hasNext(); row++) {
                if (!each.next().choose(row(row))) {
                    each.remove();
                }
            }
        }
        if (rounds > 0) {
            double nanos = (double) (System.nanoTime() - start) / rounds;
            nanosPerToken += (nanosPerToken == 0 ? 1 : NEW) * (nanos - nanosPerToken);
        }
    }

    private void readOn() {
        List<ModelDrafter> one = new ArrayList<>();
        int left = READ_AT_ONCE;
        for (ModelDrafter drafter : behind) {
            int n = Math.min(left, drafter.unread());
            if (n > 0) {
                one.clear();
                one.add(drafter);
                compute(one, EnginePool.Role.PROMPT, EnginePool.Logits.NONE, n);
                left -= n;
            }
        }
    }

    /** Computes the next tokens of texts; where memory is short, the last of them is drafted for no more. */
    private void compute(List<ModelDrafter> texts, EnginePool.Role role, EnginePool.Logits wanted, int most) {
        while (!texts.isEmpty()) {
            try {
                List<EnginePool.Part> parts = new ArrayList<>();
                for (ModelDrafter drafter : texts) {
                    parts.add(drafter.next(role, wanted, most));
                }
                int floats = wanted == EnginePool.Logits.NONE ? 0 : Math.multiplyExact(texts.size(), core.vocabSize());
                if (logits.capacity() < floats) {
                    logits = DirectBuffers.floats(floats);
                }
                EnginePool now = pool;
                if (now != null) {
                    now.compute(parts, logits.clear());
                }
                for (int i = 0; i < parts.size(); i++) {
                    texts.get(i).computed(parts.get(i).n());
                }
                return;
            } catch (ResourceException e) {
                texts.remove(texts.size() - 1).giveUp();
            }
        }
    }

    /** Logits of the texts' tokens; those that this model lacks cannot come. */
    private FloatBuffer row(int index) {
        int own = core.vocabSize();
        if (own >= vocabSize) {
            return logits.duplicate().position(index * own);
        }
        FloatBuffer row = FloatBuffer.allocate(vocabSize);
        row.put(logits.duplicate().limit((index + 1) * own).position(index * own));
        while (row.hasRemaining()) {
            row.put(Float.NEGATIVE_INFINITY);
        }
        return row.flip();
    }

    @Override
    public void close() {
        EnginePool now = pool;
        pool = null;
        if (now != null) {
            now.close();
        }
    }
}
