package dev.chaku.internal.generate;

import java.nio.FloatBuffer;
import org.jspecify.annotations.Nullable;

/**
 * What a generation might choose next, found out without changing it: with the random numbers that it will use, and
 * within its form. Of use until the generation advances. Not thread-safe, nor beside the generation.
 */
public final class Proposals {
    /** Nothing that is worth a guess: the text may end here. */
    public static final int NONE = -1;

    private final GenerationLoop loop;
    private final @Nullable FormGuide guide;
    private final Sampler sampler;
    private boolean ended;

    Proposals(GenerationLoop loop, @Nullable FormGuide guide, Sampler sampler) {
        this.loop = loop;
        this.guide = guide;
        this.sampler = sampler;
    }

    /**
     * How many of these tokens may come one after another, the first of them next.
     *
     * @param from index of the first
     * @param n how many
     */
    public int fitting(int[] tokens, int from, int n) {
        for (int i = 0; i < n; i++) {
            int token = tokens[from + i];
            if (ended || loop.endsText(token, guide) || guide != null && !guide.accepts(token)) {
                return i;
            }
            sampler.accept(token);
            ended = guide != null && guide.isEnd();
        }
        return n;
    }

    /**
     * The token that would be chosen by the logits of another model; the next call goes on behind it.
     *
     * @param logits V floats from the position, which stays
     * @return {@link #NONE} if the text would end
     */
    public int choose(FloatBuffer logits) {
        if (ended) {
            return NONE;
        }
        int forced = guide == null ? FormGuide.FREE : guide.forced();
        int id = forced != FormGuide.FREE ? forced : sampler.sample(logits);
        if (loop.endsText(id, guide)) {
            return NONE;
        }
        sampler.accept(id);
        ended = guide != null && guide.advance(id);
        return id;
    }
}
