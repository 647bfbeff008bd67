package dev.chaku.internal.generate;

import dev.chaku.errors.BadInputException;
import dev.chaku.errors.OperationCancelledException;
import dev.chaku.generate.FinishReason;
import dev.chaku.generate.Generation;
import dev.chaku.generate.TokenLogprob;
import dev.chaku.internal.engine.EngineSession;
import dev.chaku.internal.io.Interruption;
import dev.chaku.text.TokenDecoder;
import dev.chaku.text.Tokenizer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One generation: computes the prompt, then token after token. Used once; {@link #cancel} alone comes from any thread.
 */
public final class GenerationLoop {
    /** Between parts of a prompt a cancellation is noticed that came between two computations. */
    private static final int PROMPT_PART = 512;

    private static final double NANOS = 1e9;

    private final DecodeSession session;
    private final @Nullable Tokenizer tokenizer;
    private final GenerationRequest request;
    private final @Nullable TokenDecoder decoder;
    private final @Nullable FormGuide guide;
    private final Sampler sampler;
    private final StopMatcher matcher;
    private final FloatBuffer logits;
    private final List<TokenLogprob> logprobs = new ArrayList<>();
    private int[] tokens = new int[64];
    private int generated;
    private int decoded;
    private long promptNanos;
    private volatile boolean cancelled;
    private boolean ended;

    /** @param tokenizer null if the model has none: the text stays empty then */
    public GenerationLoop(DecodeSession session, @Nullable Tokenizer tokenizer, GenerationRequest request) {
        this.session = session;
        this.tokenizer = tokenizer;
        this.decoder = tokenizer == null ? null : tokenizer.decoder(false);
        this.request = request;
        this.guide = request.form() == null ? null : new FormGuide(request.form());
        this.sampler = new Sampler(request.sampling(), session.vocabSize(), guide);
        this.matcher = new StopMatcher(request.stops(), request.listener());
        int bytes = Math.multiplyExact(session.vocabSize(), Float.BYTES);
        this.logits =
                ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder()).asFloatBuffer();
    }

    /** Ends the generation soon, with what there is. Afterwards the session is left alone: it may have another user. */
    public synchronized void cancel() {
        cancelled = true;
        if (!ended) {
            session.cancel();
        }
    }

    private synchronized void end() {
        ended = true;
    }

    /**
     * Generates.
     *
     * @throws BadInputException if the prompt does not fit the session, or names a token that the model lacks
     * @throws OperationCancelledException if the thread is interrupted
     */
    public Generation run() {
        int[] prompt = request.prompt();
        checkPrompt(prompt);
        long start = System.nanoTime();
        int cached = session.startWith(prompt);
        FinishReason reason;
        try {
            computePrompt(prompt, cached);
            promptNanos = System.nanoTime() - start;
            for (int id : prompt) {
                sampler.accept(id);
            }
            reason = decode();
        } catch (OperationCancelledException e) {
            if (!cancelled && Thread.currentThread().isInterrupted()) {
                throw e;
            }
            reason = FinishReason.CANCELLED;
        } finally {
            end();
        }
        if (decoder != null && matcher.add(decoder.finish())) {
            reason = FinishReason.STOP;
        }
        matcher.finish();
        long decodeNanos = System.nanoTime() - start - promptNanos;
        return new Generation(
                matcher.text(),
                Arrays.copyOf(tokens, generated),
                reason,
                prompt.length,
                cached,
                perSecond(prompt.length - cached, promptNanos),
                perSecond(decoded, decodeNanos),
                logprobs,
                guide == null ? null : guide.result());
    }

    private void checkPrompt(int[] prompt) {
        if (prompt.length > session.capacity()) {
            throw new BadInputException(
                    "prompt: expected at most " + session.capacity() + " tokens, got " + prompt.length);
        }
        for (int id : prompt) {
            if (id < 0 || id >= session.vocabSize()) {
                throw new BadInputException(
                        "prompt: expected token ids from 0 to " + (session.vocabSize() - 1) + ", got " + id);
            }
        }
    }

    private void computePrompt(int[] prompt, int cached) {
        for (int from = cached; from < prompt.length; from += PROMPT_PART) {
            refuseIfCancelled();
            Interruption.check("generation");
            int n = Math.min(PROMPT_PART, prompt.length - from);
            boolean last = from + n == prompt.length;
            session.append(EngineSession.Role.PROMPT, prompt, from, n, last ? logits : null);
        }
    }

    private FinishReason decode() {
        int most = (int) Math.min(request.maxTokens(), session.capacity() - (long) request.prompt().length + 1);
        Logprobs logprobSource =
                request.withLogprobs() ? new Logprobs(session.vocabSize(), request.topLogprobs(), tokenizer) : null;
        int computed = 0;
        if (guide != null && guide.isEnd()) {
            return FinishReason.STOP;
        }
        while (generated < most) {
            if (cancelled) {
                return FinishReason.CANCELLED;
            }
            Interruption.check("generation");
            int forced = guide == null ? FormGuide.FREE : guide.forced();
            int id = forced != FormGuide.FREE ? forced : choose();
            if (isEnd(id)) {
                return FinishReason.STOP;
            }
            if (logprobSource != null) {
                logprobs.add(logprobSource.of(id, logits));
            }
            add(id);
            boolean formEnds = guide != null && guide.advance(id);
            if (decoder != null && matcher.add(decoder.add(id)) || formEnds) {
                return FinishReason.STOP;
            }
            // Where one token alone can come, the model need not be asked, and those are computed together.
            boolean asks = guide == null || logprobSource != null || guide.forced() == FormGuide.FREE;
            if (generated < most && asks) {
                session.append(EngineSession.Role.GENERATED, tokens, computed, generated - computed, logits);
                decoded += generated - computed;
                for (; computed < generated; computed++) {
                    sampler.accept(tokens[computed]);
                }
            }
        }
        return FinishReason.LENGTH;
    }

    private int choose() {
        if (guide != null) {
            guide.observe(logits);
        }
        return sampler.sample(logits);
    }

    private boolean isEnd(int id) {
        if (tokenizer == null || !tokenizer.isEndOfGeneration(id)) {
            return false;
        }
        return guide == null ? !request.endless() : guide.isComplete();
    }

    private void add(int id) {
        if (generated == tokens.length) {
            tokens = Arrays.copyOf(tokens, 2 * generated);
        }
        tokens[generated++] = id;
    }

    private void refuseIfCancelled() {
        if (cancelled) {
            throw new OperationCancelledException("the generation was cancelled");
        }
    }

    private static double perSecond(int tokens, long nanos) {
        return nanos <= 0 ? 0 : tokens * NANOS / nanos;
    }
}
