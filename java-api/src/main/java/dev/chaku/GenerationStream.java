package dev.chaku;

import dev.chaku.errors.OperationCancelledException;
import dev.chaku.generate.Generation;
import dev.chaku.internal.schedule.Delivery;
import dev.chaku.internal.schedule.Ticket;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.concurrent.Flow;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/**
 * A text that is generated, piece by piece: in a loop, as a {@link Stream}, or published to one subscriber. The pieces
 * can be taken once, in one of these ways; waiting for one suits virtual threads. {@link #cancel}, {@link #close} and
 * {@link #result} come from any thread.
 */
public final class GenerationStream implements Iterable<String>, Flow.Publisher<String>, AutoCloseable {
    private final Ticket ticket;
    private final AtomicBoolean taken = new AtomicBoolean();

    GenerationStream(Ticket ticket) {
        this.ticket = ticket;
    }

    private void take() {
        if (!taken.compareAndSet(false, true)) {
            throw new IllegalStateException("the pieces of a text can be taken once");
        }
    }

    /**
     * {@return the pieces; {@code hasNext} waits for one} An interrupt ends the generation and comes out as
     * OperationCancelledException; what the generation fails with comes out likewise.
     */
    @Override
    public Iterator<String> iterator() {
        take();
        return new Pieces();
    }

    /** {@return the pieces, in order; closing it ends the generation} */
    public Stream<String> pieces() {
        int order = Spliterator.ORDERED | Spliterator.NONNULL;
        return StreamSupport.stream(Spliterators.spliteratorUnknownSize(iterator(), order), false)
                .onClose(this::close);
    }

    /**
     * Publishes the pieces on threads of the common pool, as many as are asked for; cancelling the subscription ends
     * the generation.
     *
     * @param subscriber the only one; another is refused by {@code onError}
     */
    @Override
    public void subscribe(Flow.Subscriber<? super String> subscriber) {
        Delivery.publish(ticket, ForkJoinPool.commonPool(), subscriber, taken.compareAndSet(false, true));
    }

    /**
     * {@return the whole text and how it ended; waits for it} Where pieces are not taken and many have come, the text
     * waits for its reader: take them before, or on another thread.
     */
    public Generation result() {
        if (!taken.get()) {
            forEach(piece -> {});
        }
        return ticket.join();
    }

    /** Ends the generation soon, with what there is. */
    public void cancel() {
        ticket.cancel();
    }

    /** Ends the generation if it has not ended. */
    @Override
    public void close() {
        ticket.cancel();
    }

    private final class Pieces implements Iterator<String> {
        private @Nullable String next;
        private boolean ended;

        @Override
        public boolean hasNext() {
            if (next == null && !ended) {
                try {
                    next = ticket.next();
                } catch (InterruptedException e) {
                    ticket.cancel();
                    Thread.currentThread().interrupt();
                    throw new OperationCancelledException("the generation was interrupted");
                }
                ended = next == null;
                if (ended) {
                    ticket.join();
                }
            }
            return next != null;
        }

        @Override
        public String next() {
            if (!hasNext()) {
                throw new NoSuchElementException("the text has ended");
            }
            String piece = next;
            next = null;
            return piece == null ? "" : piece;
        }
    }
}
