package dev.chaku;

import dev.chaku.internal.NativeTrainer;
import dev.chaku.train.TrainingPlan;
import dev.chaku.train.TrainingProgress;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;

/**
 * A training under way on its own thread. Thread-safe. {@link #close} cancels it if it has not ended and waits for its
 * thread.
 */
public final class TrainingRun implements AutoCloseable {
  private final NativeTrainer core;
  private final TrainingLoop loop;
  private final TrainingPlan plan;
  private final CompletableFuture<TrainingLoop.Result> result = new CompletableFuture<>();
  private final Thread thread;

  TrainingRun(NativeTrainer core, TrainingLoop loop, TrainingPlan plan) {
    this.core = core;
    this.loop = loop;
    this.plan = plan;
    this.thread = new Thread(this::work, "chaku-training");
    this.thread.setDaemon(true);
  }

  void begin() {
    thread.start();
  }

  private void work() {
    try (core) {
      result.complete(loop.run());
    } catch (RuntimeException | Error e) {
      result.completeExceptionally(e);
    }
  }

  /** What this run does and takes, and what became of the records of its data. */
  public TrainingPlan plan() {
    return plan;
  }

  /** Calls the listener after every optimizer step from now on, on the training's thread; it should return soon. */
  public TrainingRun onProgress(Consumer<TrainingProgress> listener) {
    loop.addListener(listener);
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
   * @throws IllegalStateException if the run trains every weight and makes no adapter
   */
  public Adapter await() {
    return result().adapter().orElseThrow(() -> new IllegalStateException("this run trains a whole model, not an adapter"));
  }

  /** Waits for the end and returns the file that was written: the adapter's or the model's. */
  public Path awaitFile() {
    return result().file();
  }

  /** Waits for the end and returns where the training stood then. */
  public TrainingProgress awaitProgress() {
    return result().progress();
  }

  private TrainingLoop.Result result() {
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
    }
  }

  @Override
  public void close() {
    if (!result.isDone()) {
      cancel();
    }
    boolean interrupted = false;
    while (thread.isAlive() && thread != Thread.currentThread()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
