package dev.chaku;

import dev.chaku.internal.NativeTrainer;
import dev.chaku.train.TrainingPlan;
import dev.chaku.train.TrainingProgress;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * A training under way on its own thread. Thread-safe. {@link #close} cancels it if it has not ended and waits for its
 * thread.
 *
 * <p>The thread is a daemon: a program that ends without {@link #await} ends the training with it, and a line on standard
 * error says so.
 */
public final class TrainingRun implements AutoCloseable {
  private final NativeTrainer core;
  private final TrainingLoop loop;
  private final TrainingPlan plan;
  private final CompletableFuture<TrainingLoop.Result> result = new CompletableFuture<>();
  private final Thread thread;
  private final Thread lastWords;
  private final AtomicInteger waiting = new AtomicInteger();

  TrainingRun(NativeTrainer core, TrainingLoop loop, TrainingPlan plan) {
    this.core = core;
    this.loop = loop;
    this.plan = plan;
    this.thread = new Thread(this::work, "chaku-training");
    this.thread.setDaemon(true);
    this.lastWords = new Thread(this::sayThatNobodyWaits, "chaku-last-words");
  }

  void begin() {
    Runtime.getRuntime().addShutdownHook(lastWords);
    thread.start();
  }

  private void work() {
    try (core) {
      result.complete(loop.run());
    } catch (RuntimeException | Error e) {
      result.completeExceptionally(e);
    } finally {
      try {
        Runtime.getRuntime().removeShutdownHook(lastWords);
      } catch (IllegalStateException e) {
        // The JVM is ending, and has begun to run the hook.
      }
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

  /** What this run does and takes, and what became of the records of its data. */
  public TrainingPlan plan() {
    return plan;
  }

  /**
   * Calls the listener after every optimizer step from now on, on the training's thread; it should return soon. What it
   * throws ends nothing: the first exception is logged as a warning, later ones are not. It may {@link #stop} or {@link
   * #cancel} the run, but not wait for it.
   */
  public TrainingRun onProgress(Consumer<TrainingProgress> listener) {
    loop.addListener(listener);
    return this;
  }

  /**
   * Makes the step under way the last: the run then saves a checkpoint, writes its result as if it had come to its end, and
   * {@link #await} returns it. With early stopping the result is the best so far. A later run can go on from the checkpoint
   * with {@link Trainer#resume}. Returns at once, and has no effect on a run that has ended.
   */
  public TrainingRun stop() {
    loop.stop();
    return this;
  }

  /**
   * Makes the run end soon; {@link #await} then throws. If the run saves checkpoints at all, it saves one of the last whole
   * step first, for a later run to resume.
   */
  public void cancel() {
    loop.cancel();
    core.cancel();
  }

  /**
   * Waits for the end and returns the adapter.
   *
   * @throws ChakuException what ended the run, OperationCancelledException if it was cancelled
   * @throws IllegalStateException if the run trains every weight and makes no adapter, or a listener of the run waits
   */
  public Adapter await() {
    return result().adapter().orElseThrow(() -> new IllegalStateException("this run trains a whole model, not an adapter"));
  }

  /**
   * Waits for the end and returns the file that was written: the adapter's or the model's.
   *
   * @throws ChakuException as {@link #await}
   */
  public Path awaitFile() {
    return result().file();
  }

  /** Waits for the end and returns where the training stood then. */
  public TrainingProgress awaitProgress() {
    return result().progress();
  }

  private TrainingLoop.Result result() {
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
   * Cancels the run if it has not ended, and waits for its thread, unless it is that thread that calls: then the run ends
   * when its listener returns.
   */
  @Override
  public void close() {
    if (!result.isDone()) {
      cancel();
    }
    waiting.incrementAndGet();
    boolean interrupted = false;
    while (thread.isAlive() && thread != Thread.currentThread()) {
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
