package dev.chaku.internal.chat;

import dev.chaku.chat.ChatEvent;
import dev.chaku.chat.ChatReply;
import dev.chaku.errors.OperationCancelledException;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.SubmissionPublisher;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/** Answers that come on another thread: as a stream, a publisher, a future. */
public final class ChatThreads {
    /** Parts that a subscriber may be behind before the model waits. */
    private static final int AHEAD = 256;

    private ChatThreads() {}

    /** Runs a task on a thread of its own, which keeps no program alive. */
    public static void start(Runnable task) {
        Thread thread = new Thread(task, "chaku-chat");
        thread.setDaemon(true);
        thread.start();
    }

    /** The answer, which cancelling the future ends. */
    public static CompletableFuture<ChatReply> later(Supplier<ChatReply> answer, Runnable cancel, Executor executor) {
        CompletableFuture<ChatReply> future = CompletableFuture.supplyAsync(answer, executor);
        future.whenComplete((reply, failure) -> {
            if (future.isCancelled()) {
                cancel.run();
            }
        });
        return future;
    }

    /** The parts of an answer as they come. */
    public static Stream<ChatEvent> stream(Consumer<Consumer<ChatEvent>> answer, Runnable cancel, Executor executor) {
        Parts parts = new Parts();
        executor.execute(() -> {
            try {
                answer.accept(parts.queue::add);
                parts.queue.add(Parts.END);
            } catch (RuntimeException | Error e) {
                parts.queue.add(e);
            }
        });
        Spliterator<ChatEvent> split =
                Spliterators.spliteratorUnknownSize(parts, Spliterator.ORDERED | Spliterator.NONNULL);
        return StreamSupport.stream(split, false).onClose(() -> {
            if (!parts.ended) {
                cancel.run();
            }
        });
    }

    /** Parts that another thread writes. */
    private static final class Parts implements Iterator<ChatEvent> {
        static final Object END = new Object();

        final BlockingQueue<Object> queue = new LinkedBlockingQueue<>();
        volatile boolean ended;
        private @Nullable Object next;

        @Override
        public boolean hasNext() {
            if (next == null && !ended) {
                try {
                    next = queue.take();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    throw new OperationCancelledException("the wait for an answer was interrupted");
                }
                ended = !(next instanceof ChatEvent);
                if (next instanceof RuntimeException failure) {
                    throw failure;
                } else if (next instanceof Error failure) {
                    throw failure;
                }
            }
            return !ended;
        }

        @Override
        public ChatEvent next() {
            if (!hasNext()) {
                throw new NoSuchElementException("the answer is whole");
            }
            ChatEvent event = (ChatEvent) next;
            next = null;
            return event;
        }
    }

    /** Publishes the parts of an answer to each subscriber. */
    public static Flow.Publisher<ChatEvent> publisher(
            Consumer<Consumer<ChatEvent>> answer, Runnable cancel, Executor executor) {
        return subscriber -> {
            SubmissionPublisher<ChatEvent> publisher = new SubmissionPublisher<>(executor, AHEAD);
            publisher.subscribe(subscriber);
            executor.execute(() -> {
                try {
                    answer.accept(event -> {
                        if (publisher.hasSubscribers()) {
                            publisher.submit(event);
                        } else {
                            cancel.run();
                        }
                    });
                    publisher.close();
                } catch (RuntimeException | Error e) {
                    publisher.closeExceptionally(e);
                }
            });
        };
    }
}
