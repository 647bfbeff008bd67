package dev.chaku.internal.schedule;

import dev.chaku.internal.engine.EnginePool;
import dev.chaku.internal.engine.EngineText;
import dev.chaku.internal.generate.Proposals;
import java.nio.FloatBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Drafts what another model would choose, with the random numbers that the text's own will use: the more alike the two
 * are, the more often they choose the same.
 */
final class ModelDrafter implements Drafter {
    /** More tokens than that are read before anything is drafted. */
    private static final int NEAR = EnginePool.BLOCK / 4;

    private static final double FIRST_CHANCE = 0.7;

    private final GenerationWork work;
    private final DraftModel model;
    private final Chance chance = new Chance(FIRST_CHANCE);
    private final int mostTokens;
    private @Nullable EngineText text;
    /** The tokens of the text, as far as they were computed. */
    private int[] tokens = new int[64];

    private int computed;
    /** So many of them are the work's. */
    private int agreed;

    private int wanted;
    private @Nullable Proposals proposals;
    private boolean over;

    ModelDrafter(GenerationWork work, DraftModel model) {
        this.work = work;
        this.model = model;
        this.mostTokens = Math.min(model.contextLength(), work.key.maxTokens());
    }

    @Override
    public int offer(int most) {
        int n = Math.min(most, mostTokens - work.known);
        over |= model.hasFailed() || n < 1;
        if (over) {
            return 0;
        }
        takeBack();
        if (unread() > NEAR) {
            model.read(this);
            return 0;
        }
        return n;
    }

    /** Takes back what was drafted and did not come. */
    private void takeBack() {
        int most = Math.min(computed, work.known);
        while (agreed < most && tokens[agreed] == work.tokens[agreed]) {
            agreed++;
        }
        EngineText now = text;
        if (now != null && agreed < computed) {
            now.truncate(agreed);
            computed = agreed;
        }
    }

    /** Tokens that are known and not computed. */
    int unread() {
        return work.known - computed;
    }

    @Override
    public double chance() {
        return chance.now();
    }

    @Override
    public double nanosPerToken() {
        return model.nanosPerToken();
    }

    @Override
    public void draft(int n) {
        wanted = n;
        work.reserve(n);
        proposals = work.proposals();
        model.ask(this);
    }

    /** What is computed next, of the work's tokens and the draft. */
    EnginePool.Part next(EnginePool.Role role, EnginePool.Logits logits, int most) {
        EngineText now = text == null ? model.text(mostTokens) : text;
        text = now;
        int n = Math.min(most, work.known + work.drafted - computed);
        return new EnginePool.Part(now, work.tokens, computed, n, role, logits);
    }

    void computed(int n) {
        if (tokens.length < computed + n) {
            tokens = Arrays.copyOf(tokens, 2 * (computed + n));
        }
        System.arraycopy(work.tokens, computed, tokens, computed, n);
        computed += n;
    }

    /**
     * Drafts a token.
     *
     * @return whether another is to follow
     */
    boolean choose(FloatBuffer logits) {
        Proposals now = proposals;
        int token = now == null ? Proposals.NONE : now.choose(logits);
        if (token == Proposals.NONE) {
            return false;
        }
        work.tokens[work.known + work.drafted++] = token;
        return work.drafted < wanted;
    }

    @Override
    public void learn(int drafted, int accepted) {
        chance.learn(drafted, accepted);
    }

    @Override
    public void rest() {
        chance.rest();
    }

    /** Drafts no more. */
    void giveUp() {
        over = true;
        close();
    }

    @Override
    public void close() {
        EngineText now = text;
        text = null;
        computed = 0;
        agreed = 0;
        if (now != null) {
            now.close();
        }
    }
}
