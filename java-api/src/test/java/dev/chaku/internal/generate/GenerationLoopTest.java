package dev.chaku.internal.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import dev.chaku.errors.OperationCancelledException;
import dev.chaku.generate.FinishReason;
import dev.chaku.generate.Generation;
import dev.chaku.generate.SamplingOptions;
import dev.chaku.generate.TokenLogprob;
import dev.chaku.internal.engine.EngineSession;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class GenerationLoopTest {
    /** After token t always comes t + 1, round the vocabulary. */
    private static final class Counting implements DecodeSession {
        final List<Integer> text = new ArrayList<>();
        final List<Integer> batches = new ArrayList<>();
        int cancelAt = Integer.MAX_VALUE;
        boolean generating;

        @Override
        public int vocabSize() {
            return 10;
        }

        @Override
        public int capacity() {
            return 2000;
        }

        @Override
        public int startWith(int[] tokens) {
            int common = 0;
            while (common < Math.min(text.size(), tokens.length - 1) && text.get(common) == tokens[common]) {
                common++;
            }
            text.subList(common, text.size()).clear();
            generating = false;
            return common;
        }

        @Override
        public void appendForAll(int[] tokens, int from, int n, FloatBuffer logits) {
            throw new UnsupportedOperationException("generation needs no more than the last");
        }

        @Override
        public void append(EngineSession.Role role, int[] tokens, int from, int n, @Nullable FloatBuffer logits) {
            if (text.size() >= cancelAt) {
                throw new OperationCancelledException("cancelled");
            }
            assertEquals(role == EngineSession.Role.PROMPT, !generating);
            generating = logits != null; // a prompt's last part asks for them, and so does each generated token
            Arrays.stream(tokens, from, from + n).forEach(text::add);
            batches.add(n);
            if (logits != null) {
                for (int v = 0; v < 10; v++) {
                    logits.put(v, v == (tokens[from + n - 1] + 1) % 10 ? 5 : 0);
                }
            }
        }

        @Override
        public void cancel() {
            cancelAt = 0;
        }
    }

    private final Counting session = new Counting();

    private static GenerationRequest request(int maxTokens, int... prompt) {
        return new GenerationRequest(
                prompt, maxTokens, SamplingOptions.greedy(), List.of(), false, true, 2, null, piece -> {});
    }

    private Generation run(GenerationRequest request) {
        return new GenerationLoop(session, null, request).run();
    }

    @Test
    void goesOnFromThePrompt() {
        Generation generation = run(request(4, 2, 7));
        assertArrayEquals(new int[] {8, 9, 0, 1}, generation.tokens());
        assertEquals(FinishReason.LENGTH, generation.finishReason());
        assertEquals(2, generation.promptTokens());
        assertEquals(List.of(2, 1, 1, 1), session.batches, "the last token need not be computed");
    }

    @Test
    void tellsHowLikelyTokensWere() {
        Generation generation = run(request(1, 3));
        TokenLogprob first = generation.logprobs().get(0);
        double expected = 5 - Math.log(Math.exp(5) + 9);
        assertEquals(4, first.id());
        assertEquals(expected, first.logprob(), 1e-6);
        assertEquals(List.of(4, 0), first.top().stream().map(TokenLogprob::id).toList());
    }

    @Test
    void longPromptsAreComputedInParts() {
        run(request(0, IntStream.range(0, 1100).map(i -> i % 10).toArray()));
        assertEquals(List.of(512, 512, 76), session.batches);
    }

    @Test
    void commonBeginningsAreComputedOnce() {
        run(request(3, 1, 2, 3));
        session.batches.clear();
        Generation again = run(request(1, 1, 2, 3));
        assertEquals(2, again.cachedTokens());
        assertEquals(List.of(1), session.batches);
        Generation other = run(request(1, 1, 5, 3));
        assertEquals(1, other.cachedTokens());
        assertEquals(List.of(1, 5, 3), session.text);
    }

    @Test
    void cancellingKeepsWhatThereIs() {
        session.cancelAt = 5;
        Generation generation = run(request(100, 1, 2, 3));
        assertEquals(FinishReason.CANCELLED, generation.finishReason());
        assertArrayEquals(new int[] {4, 5, 6}, generation.tokens());
    }

    @Test
    void cancellingBeforeTheStartGeneratesNothing() {
        GenerationLoop loop = new GenerationLoop(session, null, request(100, 1));
        loop.cancel();
        Generation generation = loop.run();
        assertEquals(FinishReason.CANCELLED, generation.finishReason());
        assertEquals(0, generation.tokens().length);
    }

    @Test
    void cancellingAfterTheEndLeavesTheSessionAlone() {
        GenerationLoop loop = new GenerationLoop(session, null, request(1, 1));
        loop.run();
        loop.cancel();
        assertEquals(Integer.MAX_VALUE, session.cancelAt);
    }

    @Test
    void theSessionBoundsTheText() {
        int[] prompt = IntStream.range(0, 1999).map(i -> i % 10).toArray();
        assertEquals(2, run(request(100, prompt)).tokens().length);
        BadInputException e = assertThrows(BadInputException.class, () -> run(request(1, new int[2001])));
        assertTrue(e.getMessage().contains("2000") && e.getMessage().contains("2001"), e.getMessage());
    }

    @Test
    void refusesTokensThatTheModelLacks() {
        assertThrows(BadInputException.class, () -> run(request(1, 3, 10)));
        assertThrows(BadInputException.class, () -> run(request(1, -1)));
        assertThrows(BadInputException.class, () -> request(1));
    }
}
