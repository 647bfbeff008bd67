package dev.chaku.internal.generate;

import dev.chaku.errors.BadInputException;
import dev.chaku.generate.FinishReason;
import dev.chaku.generate.Generation;
import dev.chaku.generate.GenerationTimes;
import dev.chaku.generate.TokenLogprob;
import dev.chaku.text.TokenDecoder;
import dev.chaku.text.Tokenizer;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One generation: is told of logits, chooses tokens until more have to be computed, and says how it ended. Used once,
 * by one thread at a time.
 */
public final class GenerationLoop {
    private static final double NANOS = 1e9;

    private final @Nullable Tokenizer tokenizer;
    private final GenerationRequest request;
    private final @Nullable TokenDecoder decoder;
    private final @Nullable FormGuide guide;
    private final Sampler sampler;
    private final StopMatcher matcher;
    private final @Nullable Logprobs logprobSource;
    private final List<TokenLogprob> logprobs = new ArrayList<>();
    private final int most;
    private final long submitted = System.nanoTime();
    private int[] tokens = new int[64];
    private long[] known = new long[64];
    private int generated;
    /** Of the generated tokens, those that the logits told of last follow. */
    private int computed;

    private int drafted;
    private int accepted;
    private int cached;
    private long begun;
    private long firstToken;
    private @Nullable FinishReason reason;

    /**
     * A generation that is yet to begin.
     *
     * @param vocabSize V
     * @param capacity most tokens of the text
     * @param tokenizer null if the model has none: the text stays empty then
     * @throws BadInputException if the prompt does not fit, or names a token that the model lacks
     */
    public GenerationLoop(int vocabSize, int capacity, @Nullable Tokenizer tokenizer, GenerationRequest request) {
        checkPrompt(request.prompt(), vocabSize, capacity);
        this.tokenizer = tokenizer;
        this.decoder = tokenizer == null ? null : new SpellingDecoder(tokenizer, request.spelled());
        this.request = request;
        this.guide = request.form() == null ? null : new FormGuide(request.form());
        this.sampler = new Sampler(request.sampling(), vocabSize, guide);
        this.matcher = new StopMatcher(request.stops(), request.listener());
        this.most = (int) Math.min(request.maxTokens(), capacity - (long) request.prompt().length + 1);
        this.logprobSource = request.withLogprobs() ? new Logprobs(vocabSize, request.topLogprobs(), tokenizer) : null;
    }

    private static void checkPrompt(int[] prompt, int vocabSize, int capacity) {
        if (prompt.length > capacity) {
            throw new BadInputException("prompt: expected at most " + capacity + " tokens, got " + prompt.length);
        }
        for (int id : prompt) {
            if (id < 0 || id >= vocabSize) {
                throw new BadInputException("prompt: expected token ids from 0 to " + (vocabSize - 1) + ", got " + id);
            }
        }
    }

    /**
     * Its prompt is computed from now on.
     *
     * @param fromCache tokens of it that need not be
     */
    public void begin(int fromCache) {
        cached = fromCache;
        begun = System.nanoTime();
    }

    /** Ends it before all was said. */
    public void end(FinishReason why) {
        if (reason == null) {
            reason = why;
        }
    }

    /** Whether it has ended. */
    public boolean isOver() {
        return reason != null;
    }

    /** How many tokens were generated so far. */
    public int generated() {
        return generated;
    }

    /** A token that was generated. */
    public int token(int index) {
        return tokens[index];
    }

    /** Most tokens that may still come. */
    public int left() {
        return most - generated;
    }

    /**
     * Is told that tokens were computed before they were chosen.
     *
     * @param count how many
     * @param came how many of them were chosen then
     */
    public void drafted(int count, int came) {
        drafted += count;
        accepted += came;
    }

    /** What it might choose next, once it has advanced at least once. */
    public Proposals proposals() {
        FormGuide ahead = guide == null ? null : guide.fork();
        Sampler sampling = sampler.fork(ahead);
        for (int i = computed; i < generated; i++) {
            sampling.accept(tokens[i]);
        }
        return new Proposals(this, ahead, sampling);
    }

    /**
     * Chooses what follows all tokens so far, until others have to be computed or the text has ended.
     *
     * @param logits V floats from the position, which stays
     */
    public void advance(FloatBuffer logits) {
        if (firstToken == 0) {
            firstToken = System.nanoTime();
            for (int id : request.prompt()) {
                sampler.accept(id);
            }
            if (guide != null && guide.isEnd()) {
                end(FinishReason.STOP);
                return;
            }
        }
        for (; computed < generated; computed++) {
            sampler.accept(tokens[computed]);
        }
        while (generated < most) {
            int forced = guide == null ? FormGuide.FREE : guide.forced();
            int id = forced != FormGuide.FREE ? forced : choose(logits, most - generated);
            if (endsText(id, guide)) {
                end(FinishReason.STOP);
                return;
            }
            if (logprobSource != null) {
                logprobs.add(logprobSource.of(id, logits));
            }
            add(id);
            boolean formEnds = guide != null && guide.advance(id);
            if (decoder != null && matcher.add(decoder.add(id)) || formEnds) {
                end(FinishReason.STOP);
                return;
            }
            // Where one token alone can come, the model need not be asked, and those are computed together.
            boolean asks = guide == null || logprobSource != null || guide.forced() == FormGuide.FREE;
            if (generated < most && asks) {
                return;
            }
        }
        end(FinishReason.LENGTH);
    }

    private int choose(FloatBuffer logits, int left) {
        if (guide == null) {
            return sampler.sample(logits);
        }
        guide.observe(logits);
        int chosen = sampler.sample(logits);
        return request.closesForm() ? guide.endingWithin(chosen, left) : chosen;
    }

    /** Whether a token ends the text, whose form is as the guide says. */
    boolean endsText(int id, @Nullable FormGuide form) {
        if (tokenizer == null || !tokenizer.isEndOfGeneration(id)) {
            return false;
        }
        return form == null ? !request.endless() : form.isComplete();
    }

    private void add(int id) {
        if (generated == tokens.length) {
            tokens = Arrays.copyOf(tokens, 2 * generated);
            known = Arrays.copyOf(known, 2 * generated);
        }
        known[generated] = System.nanoTime();
        tokens[generated++] = id;
    }

    /** What came of it; it has ended. */
    public Generation result() {
        FinishReason why = reason == null ? FinishReason.CANCELLED : reason;
        if (decoder != null && matcher.add(decoder.finish())) {
            why = FinishReason.STOP;
        }
        matcher.finish();
        long now = System.nanoTime();
        int promptTokens = request.prompt().length;
        return new Generation(
                matcher.text(),
                Arrays.copyOf(tokens, generated),
                why,
                promptTokens,
                cached,
                firstToken == 0 ? 0 : perSecond(promptTokens - cached, firstToken - begun),
                firstToken == 0 ? 0 : perSecond(computed, now - firstToken),
                logprobs,
                guide == null ? null : guide.result(),
                drafted,
                accepted,
                new GenerationTimes(
                        Duration.ofNanos((begun == 0 ? now : begun) - submitted),
                        Duration.ofNanos((firstToken == 0 ? now : firstToken) - submitted),
                        Duration.ofNanos(now - submitted),
                        gaps()));
    }

    private long[] gaps() {
        long[] gaps = new long[Math.max(0, generated - 1)];
        for (int i = 0; i < gaps.length; i++) {
            gaps[i] = known[i + 1] - known[i];
        }
        return gaps;
    }

    private static double perSecond(int tokens, long nanos) {
        return nanos <= 0 ? 0 : tokens * NANOS / nanos;
    }
}
