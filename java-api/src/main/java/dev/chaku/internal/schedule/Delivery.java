package dev.chaku.internal.schedule;

import dev.chaku.generate.Generation;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/** Brings the pieces of a text to a consumer as they come, one after another, on threads of an executor. */
public final class Delivery {
    private final Ticket ticket;
    private final Executor executor;
    private final Consumer<? super String> consumer;
    private final CompletableFuture<Generation> future;
    private final AtomicInteger wishes = new AtomicInteger();
    private final AtomicLong demand = new AtomicLong();
    private volatile boolean ended;

    /**
     * A delivery that is yet to begin.
     *
     * @param future completed when all was delivered
     */
    public Delivery(
            Ticket ticket, Executor executor, Consumer<? super String> consumer, CompletableFuture<Generation> future) {
        this.ticket = ticket;
        this.executor = executor;
        this.consumer = consumer;
        this.future = future;
    }

    /** Begins, with no limit to what may be delivered. */
    public void begin() {
        demand.set(Long.MAX_VALUE);
        ticket.onChange(this::look);
    }

    private void look() {
        if (wishes.getAndIncrement() == 0) {
            executor.execute(this::deliver);
        }
    }

    private void deliver() {
        int seen = wishes.get();
        do {
            deliverWhatThereIs();
            seen = wishes.addAndGet(-seen);
        } while (seen != 0);
    }

    private void deliverWhatThereIs() {
        try {
            while (!ended && demand.get() > 0) {
                String piece = ticket.poll();
                if (piece == null) {
                    break;
                }
                demand.updateAndGet(left -> left == Long.MAX_VALUE ? left : left - 1);
                consumer.accept(piece);
            }
            if (!ended && ticket.isExhausted()) {
                ended = true;
                ticket.outcome().whenComplete((generation, failure) -> {
                    if (failure != null) {
                        future.completeExceptionally(failure);
                    } else {
                        future.complete(generation);
                    }
                });
            }
        } catch (RuntimeException | Error e) {
            ended = true;
            ticket.cancel();
            future.completeExceptionally(e);
        }
    }

    /**
     * Publishes the pieces of a text.
     *
     * @param isFirst whether this is the text's only subscriber; another is refused
     */
    public static void publish(
            Ticket ticket, Executor executor, Flow.Subscriber<? super String> subscriber, boolean isFirst) {
        AtomicBoolean over = new AtomicBoolean();
        CompletableFuture<Generation> future = new CompletableFuture<>();
        Delivery delivery = new Delivery(ticket, executor, subscriber::onNext, future);
        subscriber.onSubscribe(new Flow.Subscription() {
            @Override
            public void request(long n) {
                if (n <= 0) {
                    future.completeExceptionally(
                            new IllegalArgumentException("expected a request of at least 1 piece, got " + n));
                    cancel();
                    return;
                }
                delivery.demand.updateAndGet(left -> left + n < 0 ? Long.MAX_VALUE : left + n);
                delivery.look();
            }

            @Override
            public void cancel() {
                over.set(true);
                delivery.ended = true;
                if (isFirst) {
                    ticket.cancel();
                }
            }
        });
        future.whenComplete((generation, failure) -> {
            if (failure != null) {
                delivery.ended = true;
                subscriber.onError(failure);
            } else if (!over.get()) {
                subscriber.onComplete();
            }
        });
        if (isFirst) {
            ticket.onChange(delivery::look);
        } else {
            future.completeExceptionally(new IllegalStateException("the pieces of a text can be taken once"));
        }
    }
}
