package dev.chaku.internal.schedule;

import dev.chaku.generate.FinishReason;
import dev.chaku.internal.generate.GenerationLoop;
import dev.chaku.internal.generate.Proposals;
import java.nio.FloatBuffer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A text that is generated. */
final class GenerationWork extends Work {
    private final GenerationLoop loop;
    private final Ticket ticket;
    private final boolean reproducible;
    private boolean begun;
    private final Drafting drafting;
    private @Nullable Drafter drafter;
    private int taken;

    GenerationWork(
            Order order,
            int maxTokens,
            int mostTokens,
            int[] prompt,
            GenerationLoop loop,
            Ticket ticket,
            boolean reproducible,
            Drafting drafting) {
        super(order, maxTokens, mostTokens, prompt);
        this.loop = loop;
        this.ticket = ticket;
        this.reproducible = reproducible;
        this.drafting = drafting;
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
        int row = rows.position() + (drafted > 0 ? (known - 1 - from) * vocabSize : 0);
        int end = known + drafted;
        boolean agrees = true;
        while (agrees && !loop.isOver()) {
            loop.advance(rows.position(row));
            int first = known;
            for (; taken < loop.generated(); taken++) {
                int token = loop.token(taken);
                agrees &= known < end && tokens[known] == token;
                if (!agrees) {
                    end = Math.min(end, known);
                }
                add(token);
            }
            row += (known - first) * vocabSize;
        }
        rejected = computed - Math.min(end, known);
    }

    @Override
    void verified() {
        loop.drafted(drafted, drafted - rejected);
        if (drafter != null) {
            drafter.learn(drafted, drafted - rejected);
        }
    }

    @Override
    int mostDrafted() {
        boolean may = drafting.mostTokens() > 0 && !suspect && known > promptTokens;
        return may ? Math.min(drafting.mostTokens(), Math.min(loop.left() - 1, mostTokens - known)) : 0;
    }

    @Override
    boolean draftsAlways() {
        return drafting.always();
    }

    @Override
    Drafter drafter(Function<Drafting.Source, DraftModel> models) {
        Drafter now = drafter;
        if (now == null) {
            Drafting.Source source = drafting.model();
            now = source == null ? new LookupDrafter(this) : new ModelDrafter(this, models.apply(source));
            drafter = now;
        }
        return now;
    }

    /** What might be chosen next. */
    Proposals proposals() {
        return loop.proposals();
    }

    /** Drafts what stands from an index on, as far as it may come; returns how much that is. */
    int copyDraft(int from, int most) {
        reserve(most);
        for (int i = 0; i < most; i++) {
            tokens[known + i] = tokens[from + i];
        }
        return proposals().fitting(tokens, known, most);
    }

    @Override
    boolean isOver() {
        return loop.isOver();
    }

    @Override
    void end(@Nullable Throwable failure) {
        if (drafter != null) {
            drafter.close();
        }
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
