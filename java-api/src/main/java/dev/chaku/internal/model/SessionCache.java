package dev.chaku.internal.model;

import dev.chaku.errors.BadInputException;
import dev.chaku.errors.ResourceException;
import dev.chaku.gguf.GgmlType;
import dev.chaku.internal.engine.DecoderSpec;
import dev.chaku.internal.engine.EngineAdapter;
import dev.chaku.internal.engine.EngineModel;
import dev.chaku.internal.engine.EnginePool;
import dev.chaku.internal.engine.EngineSession;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the texts of a model between generations, as many as find room, so that a prompt that begins like one before
 * need not be computed again: the texts of several conversations, and once only what they have in common. Thread-safe:
 * who borrows has a text alone until it comes back.
 */
public final class SessionCache implements AutoCloseable {
    /**
     * How pools are made.
     *
     * @param memoryLimitBytes refuse above it, 0 for what the machine has
     * @param cache format of keys and values
     */
    public record Settings(long memoryLimitBytes, GgmlType cache) {}

    /**
     * What is reserved in a pool.
     *
     * @param capacity most tokens of the text
     * @param maxTokens what the text is made for
     */
    record Place(SharedPool pool, int capacity, int maxTokens) {
        int blocks() {
            return blocksOf(capacity) + 1; // one may be copied
        }
    }

    /** Capacities are multiples of it. */
    private static final int STEP = 256;

    private static final int LEAST_POOL_TOKENS = 4096;
    private static final int LEAST_MEMORIES = 8;
    /** A text's running memory and its snapshot. */
    private static final int MEMORIES_OF_TEXT = 2;

    private final EngineModel model;
    private final int contextLength;
    private final int longAfter;
    private final Settings settings;
    private final boolean mixes;
    private final List<KeptText> idle = new ArrayList<>(); // the one used last is last
    private final List<ModelSession> borrowed = new ArrayList<>();
    private @Nullable SharedPool pool;
    private int blocks;
    private int memories;
    private boolean closed;

    SessionCache(EngineModel model, DecoderSpec spec, Settings settings) {
        this.model = model;
        this.contextLength = spec.contextLength();
        this.longAfter = spec.longAfter();
        this.mixes = spec.mixes();
        this.settings = settings;
    }

    private static int blocksOf(long tokens) {
        return (int) ((tokens + EnginePool.BLOCK - 1) / EnginePool.BLOCK);
    }

    /**
     * A session for at least so many tokens, which wears these adapters.
     *
     * @throws ResourceException if memory does not suffice
     * @throws BadInputException if the cache cannot have the format of the options
     */
    public synchronized ModelSession borrow(int tokens, List<EngineSession.Worn> adapters) {
        // The capacity of a text decides which rotations a model with two kinds uses, so that it may depend on what was
        // asked for, but not on what was asked before.
        boolean isLong = longAfter > 0 && tokens > longAfter;
        int maxTokens = isLong || longAfter == 0 ? contextLength : longAfter;
        int capacity = (int) Math.min(maxTokens, (tokens + STEP - 1L) / STEP * STEP);
        ModelSession session =
                new ModelSession(this, new Place(poolFor(capacity), capacity, maxTokens), List.copyOf(adapters));
        borrowed.add(session);
        return session;
    }

    /** The pool, or a larger one that takes its place. */
    private SharedPool poolFor(int capacity) {
        int users = 1;
        int wantedBlocks = blocksOf(capacity) + 1;
        for (ModelSession session : borrowed) {
            if (session.place().pool() == pool) {
                users++;
                wantedBlocks += session.place().blocks();
            }
        }
        int wantedMemories = mixes ? MEMORIES_OF_TEXT * users + 1 : 0;
        SharedPool known = pool;
        if (known != null && wantedBlocks <= blocks && wantedMemories <= memories) {
            return known;
        }
        int needed = blocksOf(capacity) + 1;
        int ample = Math.max(2 * Math.max(needed, wantedBlocks), blocksOf(LEAST_POOL_TOKENS));
        int newMemories = mixes ? Math.max(LEAST_MEMORIES, 2 * wantedMemories) : 0;
        dropIdle();
        retirePool();
        SharedPool made;
        try {
            made = open(ample, newMemories);
            blocks = ample;
        } catch (ResourceException e) {
            made = open(needed, newMemories);
            blocks = needed;
        }
        memories = newMemories;
        pool = made;
        return made;
    }

    private SharedPool open(int newBlocks, int newMemories) {
        EnginePool.Options options = new EnginePool.Options(
                Math.multiplyExact(newBlocks, EnginePool.BLOCK),
                0,
                newMemories,
                settings.memoryLimitBytes(),
                settings.cache());
        return new SharedPool(model.pool(options), this::dropOldest);
    }

    /** Closes the pool unless somebody works in it, who closes it then. */
    private void retirePool() {
        SharedPool old = pool;
        pool = null;
        if (old != null
                && borrowed.stream().noneMatch(session -> session.place().pool() == old)) {
            old.close();
        }
    }

    private void dropIdle() {
        idle.forEach(KeptText::close);
        idle.clear();
    }

    /** Closes the text that waits longest, false if none does. */
    private synchronized boolean dropOldest() {
        if (idle.isEmpty()) {
            return false;
        }
        idle.remove(0).close();
        return true;
    }

    /** Whether others work in the pool of a place. */
    synchronized boolean isShared(Place place) {
        return borrowed.stream()
                        .filter(session -> session.place().pool() == place.pool())
                        .count()
                > 1;
    }

    KeptText newText(ModelSession session) {
        return KeptText.empty(session.place().pool(), session.place().maxTokens(), session.worn(), mixes);
    }

    /** The text that a prompt can best go on from, cut to what they have in common; it is the session's. */
    KeptText textFor(ModelSession session, int[] prompt) {
        KeptText best = takeBest(session, prompt);
        if (best == null) {
            return newText(session);
        }
        int common = best.reusable(prompt);
        boolean done = false;
        try {
            if (best.isWorthKeeping(common)) {
                KeptText fork = best.fork(common);
                keep(best);
                done = true;
                return fork;
            }
            best.truncate(common);
            done = true;
            return best;
        } finally {
            if (!done) {
                best.close();
            }
        }
    }

    /** Takes that text out of those that wait; the session's own waits, or is it. */
    private synchronized @Nullable KeptText takeBest(ModelSession session, int[] prompt) {
        KeptText own = session.takeText();
        if (own != null) {
            keep(own);
        }
        KeptText best = null;
        int most = 0;
        for (KeptText text : idle) {
            if (text.pool() == session.place().pool()
                    && text.isLike(session.worn(), session.place().maxTokens())) {
                int common = text.reusable(prompt);
                if (common > most) {
                    most = common;
                    best = text;
                }
            }
        }
        idle.remove(best);
        return best;
    }

    private synchronized void keep(KeptText text) {
        if (closed || text.pool() != pool || text.wearsClosed() || text.length() == 0) {
            text.close();
        } else {
            idle.add(text);
        }
    }

    /** Takes a session back that is as good as before. */
    public synchronized void giveBack(ModelSession session) {
        KeptText text = session.takeText();
        if (text != null) {
            keep(text);
        }
        leave(session);
    }

    synchronized void abandon(ModelSession session) {
        KeptText text = session.takeText();
        if (text != null) {
            text.close();
        }
        leave(session);
    }

    private void leave(ModelSession session) {
        borrowed.remove(session);
        SharedPool used = session.place().pool();
        if (used != pool && borrowed.stream().noneMatch(other -> other.place().pool() == used)) {
            used.close();
        }
    }

    /** Makes the texts that wait here let go of a closed adapter; one at work does when it comes back. */
    public synchronized void takeOff(EngineAdapter adapter) {
        idle.removeIf(text -> {
            if (text.wearsClosed()) {
                text.close();
                return true;
            }
            return false;
        });
    }

    /** Forgets what waits here. */
    public synchronized void forget() {
        dropIdle();
    }

    @Override
    public synchronized void close() {
        closed = true;
        dropIdle();
        retirePool();
    }
}
