package dev.chaku.internal.schedule;

import dev.chaku.generate.FinishReason;
import dev.chaku.internal.generate.GenerationLoop;
import java.nio.FloatBuffer;
import org.jspecify.annotations.Nullable;

/** A text that is generated. */
final class GenerationWork extends Work {
    private final GenerationLoop loop;
    private final Ticket ticket;
    private final boolean reproducible;
    private boolean begun;
    private int taken;

    GenerationWork(
            Order order,
            int maxTokens,
            int mostTokens,
            int[] prompt,
            GenerationLoop loop,
            Ticket ticket,
            boolean reproducible) {
        super(order, maxTokens, mostTokens, prompt);
        this.loop = loop;
        this.ticket = ticket;
        this.reproducible = reproducible;
        this.wantsLast = true;
    }

    @Override
    boolean isHeldUp() {
        return ticket.isFarBehind();
    }

    @Override
    boolean asRead() {
        return reproducible;
    }

    @Override
    void admitted(int cached) {
        if (!begun) {
            begun = true;
            loop.begin(cached);
        }
    }

    @Override
    void told(int from, int n, FloatBuffer rows, int vocabSize) {
        if (computed < known) {
            return;
        }
        loop.advance(rows);
        for (; taken < loop.generated(); taken++) {
            add(loop.token(taken));
        }
    }

    @Override
    boolean isOver() {
        return loop.isOver();
    }

    @Override
    void end(@Nullable Throwable failure) {
        if (failure != null) {
            ticket.end(null, failure);
            return;
        }
        if (isCancelled()) {
            loop.end(FinishReason.CANCELLED);
        } else if (order.isLate(System.nanoTime())) {
            loop.end(FinishReason.DEADLINE);
        }
        try {
            ticket.end(loop.result(), null);
        } catch (RuntimeException | Error e) {
            ticket.end(null, e);
        }
    }
}
