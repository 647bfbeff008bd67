package dev.chaku.internal.schedule;

import dev.chaku.errors.BusyException;
import dev.chaku.gguf.GgmlType;
import dev.chaku.internal.engine.DecoderSpec;
import dev.chaku.internal.engine.EngineModel;
import dev.chaku.internal.engine.EnginePool;
import dev.chaku.internal.engine.EngineText;
import dev.chaku.internal.generate.GenerationLoop;
import dev.chaku.internal.generate.GenerationRequest;
import dev.chaku.text.Tokenizer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Computes the texts of a model, many in one step. It has a thread of its own while there is something to do; whoever
 * asks waits on theirs. Thread-safe.
 */
public final class Scheduler implements AutoCloseable {
    /**
     * How texts are scheduled.
     *
     * @param memoryLimitBytes refuse above it, 0 for what the machine has
     * @param cache format of keys and values
     * @param activations what products of generated tokens read
     * @param mostRunning texts in a step
     * @param mostQueued generations that wait; more are refused
     */
    public record Settings(
            long memoryLimitBytes,
            GgmlType cache,
            EnginePool.Activations activations,
            int mostRunning,
            int mostQueued) {}

    private static final long LINGER_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final long CLOSE_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
    private static final double OLD = 0.9;
    private static final int MOST_WAIT_SECONDS = 600;

    private final EngineModel model;
    private final int contextLength;
    private final int longAfter;
    private final Settings settings;
    private final TextPool pool;
    private final Places places;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    /** What has come and was not seen yet; guarded by the lock, as all that follows. */
    private final List<Work> arrivals = new ArrayList<>();

    private @Nullable Thread driver;
    private boolean dirty;
    private boolean closed;
    private boolean draining;
    private long arrived;
    /** Generations that have not ended. */
    private int open;

    /** Of a generation from its admission to its end; 0 while unknown. */
    private double nanosOfOne;

    public Scheduler(EngineModel model, DecoderSpec spec, Settings settings) {
        this.model = model;
        this.contextLength = spec.contextLength();
        this.longAfter = spec.longAfter();
        this.settings = settings;
        this.pool = new TextPool(model, settings, spec.mixes());
        this.places = new Places(pool, model.vocabSize(), spec.layers().size(), settings);
    }

    /**
     * Has a text generated.
     *
     * @param streams whether the consumer takes the pieces of the text
     * @param reproducible whether the digits must not depend on what was generated before
     * @param drafting how tokens are drafted, which changes none
     * @throws BusyException if too many wait
     */
    public Ticket submit(
            GenerationRequest request,
            Order order,
            @Nullable Tokenizer tokenizer,
            boolean streams,
            boolean reproducible,
            Drafting drafting) {
        int tokens = (int) Math.min(contextLength, (long) request.prompt().length + request.maxTokens());
        int maxTokens = maxTokens(tokens);
        Work[] own = new Work[1];
        Ticket ticket = new Ticket(streams, () -> cancel(own[0]), this::wake);
        GenerationLoop loop =
                new GenerationLoop(model.vocabSize(), maxTokens, tokenizer, request.withListener(ticket::piece));
        own[0] = new GenerationWork(order, maxTokens, tokens, request.prompt(), loop, ticket, reproducible, drafting);
        enter(own[0]);
        return ticket;
    }

    /** A text for at least so many tokens, to be appended to call by call. */
    public TextSession session(int tokens, List<EngineText.Worn> worn) {
        return new TextSession(this, model.vocabSize(), Order.of(worn), maxTokens(tokens), tokens);
    }

    /** What decides which rotations a model with two kinds uses: what a text may come to, and nothing else. */
    private int maxTokens(int tokens) {
        return longAfter == 0 || tokens > longAfter ? contextLength : longAfter;
    }

    /** How full the memory is. */
    public EnginePool.Counts counts() {
        return pool.counts();
    }

    /** What it wears is held until it ends, whoever closes that: neither waiting nor losing its place lets go. */
    void enter(Work work) {
        work.order.hold();
        boolean entered = false;
        try {
            enterHeld(work);
            entered = true;
        } finally {
            if (!entered) {
                work.order.release();
            }
        }
    }

    private void enterHeld(Work work) {
        boolean counts = work instanceof GenerationWork;
        lock.lock();
        try {
            if (closed || draining) {
                throw new IllegalStateException("the model is closed");
            }
            int queued = open - settings.mostRunning();
            if (counts && queued >= settings.mostQueued()) {
                throw new BusyException(
                        "the queue of the model is full: expected fewer than " + settings.mostQueued()
                                + " waiting requests, found " + queued,
                        wait(queued));
            }
            open += counts ? 1 : 0;
            work.number = arrived++;
            arrivals.add(work);
            wakeLocked();
        } finally {
            lock.unlock();
        }
    }

    private Duration wait(int queued) {
        double nanos = nanosOfOne * (queued + 1) / settings.mostRunning();
        long seconds = (long) Math.ceil(nanos / TimeUnit.SECONDS.toNanos(1));
        return Duration.ofSeconds(Math.max(1, Math.min(MOST_WAIT_SECONDS, seconds)));
    }

    /** Ends a text soon. Any thread. */
    void cancel(Work work) {
        work.cancel();
        if (places.isAlone(work)) {
            pool.cancel();
        }
        wake();
    }

    void wake() {
        lock.lock();
        try {
            wakeLocked();
        } finally {
            lock.unlock();
        }
    }

    private void wakeLocked() {
        dirty = true;
        changed.signalAll();
        if (driver == null) {
            Thread thread = new Thread(this::drive, "chaku-texts");
            thread.setDaemon(true);
            driver = thread;
            thread.start();
        }
    }

    /** Its text goes; of the scheduler's thread. */
    void leavePlace(Work work) {
        places.leave(work);
    }

    private void drive() {
        boolean ready = false;
        try {
            while (await(ready)) {
                ready = round();
            }
        } catch (RuntimeException | Error e) {
            fail(e);
        }
    }

    /** Waits until there is something to do; false if this thread ends. */
    private boolean await(boolean ready) {
        lock.lock();
        try {
            long left = LINGER_NANOS;
            while (!ready && !dirty) {
                boolean waits = !places.isEmpty();
                if (left <= 0 && !waits) {
                    places.rest();
                    driver = null;
                    changed.signalAll();
                    return false;
                }
                left = changed.awaitNanos(waits ? LOOK_NANOS : left);
                if (waits) {
                    left = LINGER_NANOS;
                    break;
                }
            }
            dirty = false;
            for (Work work : arrivals) {
                places.add(work);
            }
            arrivals.clear();
            if (closed) {
                driver = null;
                end(places.abort(), new IllegalStateException("the model is closed"));
                places.rest();
                pool.close();
                changed.signalAll();
                return false;
            }
            return true;
        } catch (InterruptedException e) {
            return true; // nobody but the scheduler has this thread
        } finally {
            lock.unlock();
        }
    }

    private boolean round() {
        long now = System.nanoTime();
        for (Work work : places.over(now)) {
            end(List.of(work), null);
        }
        for (Places.Failure failure : places.admit()) {
            end(List.of(failure.work()), failure.cause());
        }
        boolean computed = places.step(this::end);
        for (Work work : places.over(System.nanoTime())) {
            end(List.of(work), null);
        }
        return computed;
    }

    private void end(Work work, Throwable cause) {
        end(List.of(work), cause);
    }

    private void end(List<Work> works, @Nullable Throwable cause) {
        for (Work work : works) {
            if (work instanceof GenerationWork) {
                lock.lock();
                try {
                    open--;
                    if (work.admission != 0) {
                        long nanos = System.nanoTime() - work.admission;
                        nanosOfOne = nanosOfOne == 0 ? nanos : OLD * nanosOfOne + (1 - OLD) * nanos;
                    }
                    changed.signalAll();
                } finally {
                    lock.unlock();
                }
            }
            work.order.release();
            work.end(cause);
        }
    }

    /** What nobody foresaw: all that is here fails with it. */
    private void fail(Throwable cause) {
        lock.lock();
        try {
            places.addAll(arrivals);
            arrivals.clear();
            driver = null;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        end(places.abort(), cause);
        places.rest();
        pool.close();
    }

    /** Lets go of a closed adapter, where no text is under way with it. */
    public void takeOff() {
        pool.tree().takeOff();
    }

    /** Forgets what texts have in common with earlier ones. */
    public void forget() {
        pool.tree().clear();
    }

    /**
     * Refuses new texts and waits until those under way have ended.
     *
     * @return whether they have
     */
    public boolean drain(Duration most) throws InterruptedException {
        lock.lock();
        try {
            draining = true;
            long end = System.nanoTime() + most.toNanos();
            while (open > 0 && System.nanoTime() < end) {
                changed.awaitNanos(Math.min(LOOK_NANOS, end - System.nanoTime()));
            }
            return open == 0;
        } finally {
            lock.unlock();
        }
    }

    /** Ends all texts, which fail, and gives all memory back. */
    @Override
    public void close() {
        lock.lock();
        try {
            if (closed) {
                return;
            }
            closed = true;
            if (driver == null) {
                pool.close();
            }
            dirty = true;
            changed.signalAll();
            boolean interrupted = false;
            while (driver != null && driver != Thread.currentThread()) {
                pool.cancel(); // a step that began meanwhile, too
                try {
                    changed.awaitNanos(CLOSE_NANOS);
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        } finally {
            lock.unlock();
        }
    }
}
