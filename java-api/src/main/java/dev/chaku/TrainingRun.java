package dev.chaku;

import dev.chaku.errors.ChakuException;
import dev.chaku.errors.OperationCancelledException;
import dev.chaku.internal.engine.EngineTrainer;
import dev.chaku.internal.train.OutputFolder;
import dev.chaku.internal.train.TrainingLoop;
import dev.chaku.train.LossTrend;
import dev.chaku.train.RunStart;
import dev.chaku.train.TrainingPlan;
import dev.chaku.train.TrainingProgress;
import dev.chaku.train.ValidationTrend;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Flow;
import java.util.concurrent.SubmissionPublisher;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A training under way on its own thread. Thread-safe. {@link #close} cancels it if it has not ended and waits for its
 * thread.
 *
 * <p>The thread is a daemon: a program that ends without {@link #await} ends the training with it, and a line on
 * standard error says so.
 */
public final class TrainingRun implements AutoCloseable {
    /** What a run left, and the adapter that it is, if it is one. */
    private record Outcome(TrainingLoop.Result left, Optional<Adapter> adapter) {
        static Outcome of(TrainingLoop.Result left) {
            return new Outcome(left, left.isAdapter() ? Optional.of(Adapter.load(left.file())) : Optional.empty());
        }
    }

    private final TrainingPlan plan;
    private final RunStart beginning;
    private final CompletableFuture<Outcome> result = new CompletableFuture<>();
    /** Null, as are the others, of a run that was finished before. */
    private final @Nullable TrainingLoop loop;

    private final @Nullable EngineTrainer core;
    private final @Nullable Thread thread;
    private final Thread lastWords = new Thread(this::sayThatNobodyWaits, "chaku-last-words");
    private final SubmissionPublisher<TrainingProgress> steps = new SubmissionPublisher<>();
    private final AtomicInteger waiting = new AtomicInteger();

    private TrainingRun(
            @Nullable EngineTrainer core,
            @Nullable OutputFolder folder,
            @Nullable TrainingLoop loop,
            TrainingPlan plan,
            RunStart beginning) {
        this.core = core;
        this.loop = loop;
        this.plan = plan;
        this.beginning = beginning;
        if (loop != null) {
            loop.addListener(progress -> steps.offer(progress, null));
        }
        result.whenComplete((outcome, failure) -> {
            if (failure == null) {
                steps.close();
            } else {
                steps.closeExceptionally(failure);
            }
        });
        this.thread = loop == null ? null : new Thread(() -> work(folder), "chaku-training");
    }

    static TrainingRun begin(
            EngineTrainer core, OutputFolder folder, TrainingLoop loop, TrainingPlan plan, RunStart beginning) {
        TrainingRun run = new TrainingRun(core, folder, loop, plan, beginning);
        run.thread.setDaemon(true);
        Runtime.getRuntime().addShutdownHook(run.lastWords);
        run.thread.start();
        return run;
    }

    /** A run that an earlier one has finished. */
    static TrainingRun finished(TrainingPlan plan, TrainingLoop.Result result) {
        RunStart beginning =
                new RunStart(RunStart.Kind.FINISHED, result.progress().step());
        TrainingRun run = new TrainingRun(null, null, null, plan, beginning);
        run.result.complete(Outcome.of(result));
        return run;
    }

    private void work(OutputFolder folder) {
        Outcome done = null;
        Throwable failure = null;
        try (core;
                folder) {
            done = Outcome.of(loop.run());
        } catch (RuntimeException | Error e) {
            failure = e;
        } finally {
            try {
                Runtime.getRuntime().removeShutdownHook(lastWords);
            } catch (IllegalStateException e) {
                // The JVM is ending, and has begun to run the hook.
            }
        }
        // Whoever waits may want the folder at once: it is given up before.
        if (failure == null) {
            result.complete(done);
        } else {
            result.completeExceptionally(failure);
        }
    }

    /** Tells why the folder is empty. Loggers are of no use here: they have hooks of their own that silence them. */
    private void sayThatNobodyWaits() {
        if (!result.isDone() && waiting.get() == 0) {
            System.err.println(
                    "chaku: the program ends while it trains, and the training with it, for nothing waits for it"
                            + " (TrainingRun.await); what was saved is in " + loop.output());
        }
    }

    /** {@return how the run began: anew, from a checkpoint, or not at all because it was finished} */
    public RunStart beginning() {
        return beginning;
    }

    /** {@return what this run does and takes, and what became of the records of its data} */
    public TrainingPlan plan() {
        return plan;
    }

    /**
     * Calls the listener after every optimizer step from now on, on the training's thread; it should return soon. What
     * it throws ends nothing: the first exception is logged as a warning, later ones are not. It may {@link #stop} or
     * {@link #cancel} the run, but not wait for it.
     *
     * @param listener called on the thread that works
     * @return this
     */
    public TrainingRun onProgress(Consumer<TrainingProgress> listener) {
        Objects.requireNonNull(listener, "listener");
        if (loop != null) {
            loop.addListener(listener);
        }
        return this;
    }

    /**
     * {@return every optimizer step from when one subscribes, and the end of the run or what it failed with}
     * Subscribers are called on threads of the common pool and hold up nothing: one that is 256 steps behind misses
     * those that follow until it has caught up.
     */
    public Flow.Publisher<TrainingProgress> progress() {
        return steps::subscribe;
    }

    /**
     * Makes the step under way the last: the run then saves a checkpoint, writes its result as if it had come to its
     * end, and {@link #await} returns it. With early stopping the result is the best so far. A later run can go on from
     * the checkpoint with {@link Trainer#resume}. Returns at once, and has no effect on a run that has ended.
     *
     * @return this
     */
    public TrainingRun stop() {
        if (loop != null) {
            loop.stop();
        }
        return this;
    }

    /**
     * Makes the run wait when the step under way is done, with its memory and its folder, until {@link #resume},
     * {@link #stop} or {@link #cancel}. Returns at once. The bits of the result are those of a run that was not paused;
     * no rate counts the time.
     *
     * @return this
     */
    public TrainingRun pause() {
        if (loop != null) {
            loop.pause(true);
        }
        return this;
    }

    /**
     * Lets a paused run go on; no effect on others.
     *
     * @return this
     */
    public TrainingRun resume() {
        if (loop != null) {
            loop.pause(false);
        }
        return this;
    }

    /** {@return whether the run stands still because it was paused} The step under way is done then. */
    public boolean isPaused() {
        return loop != null && loop.isPaused();
    }

    /**
     * Saves a checkpoint when the step under way is done, of a paused run at once, whether the run saves any on its way
     * or not. What fails, such as a full disk, fails the result alone: the run goes on.
     *
     * @return the checkpoint's folder when it is whole, told on the training's thread; fails with what saving threw, or
     *     an IllegalStateException if the run ended before
     */
    public CompletableFuture<Path> saveNow() {
        return loop != null
                ? loop.saveNow()
                : CompletableFuture.failedFuture(
                        new IllegalStateException("the training has ended, and saves no checkpoint any more"));
    }

    /**
     * Makes the run end soon; {@link #await} then throws. If the run saves checkpoints at all, it saves one of the last
     * whole step first, for a later run to resume.
     */
    public void cancel() {
        if (loop != null) {
            loop.cancel();
            core.cancel();
        }
    }

    /**
     * Waits for the end and returns the adapter.
     *
     * @return the adapter
     * @throws ChakuException what ended the run, OperationCancelledException if it was cancelled
     * @throws IllegalStateException if the run trains every weight and makes no adapter, or a listener of the run waits
     */
    public Adapter await() {
        return result().adapter()
                .orElseThrow(() -> new IllegalStateException("this run trains a whole model, not an adapter"));
    }

    /**
     * Waits for the end and returns the file that was written: the adapter's or the model's.
     *
     * @return the file that was written
     * @throws ChakuException as {@link #await}
     */
    public Path awaitFile() {
        return result().left().file();
    }

    /**
     * Waits for the end and returns where the training stood then.
     *
     * @return where the training stood
     */
    public TrainingProgress awaitProgress() {
        return result().left().progress();
    }

    /**
     * Waits for the end and returns how the loss went.
     *
     * @return how the loss went
     */
    public LossTrend awaitTrend() {
        return result().left().trend();
    }

    /**
     * Waits for the end and returns how the validation loss went.
     *
     * @return how the validation loss went
     */
    public ValidationTrend awaitValidationTrend() {
        return result().left().validationTrend();
    }

    /**
     * Waits for the end and returns whether the run came to it, rather than being told to {@link #stop}.
     *
     * @return whether it came to its end
     */
    public boolean awaitFinished() {
        return result().left().finished();
    }

    private Outcome result() {
        if (Thread.currentThread() == thread) {
            throw new IllegalStateException(
                    "a listener of the training waits for its end, which would never come; wait on another thread, or call stop()");
        }
        waiting.incrementAndGet();
        try {
            return result.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new OperationCancelledException("interrupted while waiting for the training", e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException known) {
                throw known;
            }
            if (e.getCause() instanceof Error grave) {
                throw grave;
            }
            throw new CompletionException(e.getCause());
        } finally {
            waiting.decrementAndGet();
        }
    }

    /**
     * Cancels the run if it has not ended, and waits for its thread, unless it is that thread that calls: then the run
     * ends when its listener returns.
     */
    @Override
    public void close() {
        if (!result.isDone()) {
            cancel();
        }
        waiting.incrementAndGet();
        boolean interrupted = false;
        while (thread != null && thread.isAlive() && thread != Thread.currentThread()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        waiting.decrementAndGet();
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
