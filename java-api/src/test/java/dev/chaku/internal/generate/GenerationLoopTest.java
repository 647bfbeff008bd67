package dev.chaku.internal.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import dev.chaku.generate.FinishReason;
import dev.chaku.generate.Generation;
import dev.chaku.generate.SamplingOptions;
import dev.chaku.generate.TokenLogprob;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class GenerationLoopTest {
    private static final int VOCAB = 10;
    private static final int CAPACITY = 2000;

    /** How many tokens were computed before each choice, the prompt's first. */
    private final List<Integer> batches = new ArrayList<>();

    /** After token t always comes t + 1, round the vocabulary. */
    private static FloatBuffer after(int token) {
        FloatBuffer logits = FloatBuffer.allocate(VOCAB);
        logits.put((token + 1) % VOCAB, 5);
        return logits;
    }

    private static GenerationRequest request(int maxTokens, int... prompt) {
        return new GenerationRequest(
                prompt,
                maxTokens,
                SamplingOptions.greedy(),
                List.of(),
                false,
                true,
                2,
                null,
                false,
                new BitSet(),
                piece -> {});
    }

    private static GenerationLoop loop(GenerationRequest request) {
        return new GenerationLoop(VOCAB, CAPACITY, null, request);
    }

    private Generation run(GenerationRequest request) {
        return run(loop(request), request, Integer.MAX_VALUE);
    }

    /** @param cancelAt tokens of the text at which it is cancelled */
    private Generation run(GenerationLoop loop, GenerationRequest request, int cancelAt) {
        int[] prompt = request.prompt();
        loop.begin(0);
        batches.add(prompt.length);
        int last = prompt[prompt.length - 1];
        int computed = 0;
        while (!loop.isOver()) {
            if (prompt.length + computed >= cancelAt) {
                loop.end(FinishReason.CANCELLED);
                break;
            }
            loop.advance(after(last));
            if (!loop.isOver()) {
                batches.add(loop.generated() - computed);
                computed = loop.generated();
                last = loop.token(computed - 1);
            }
        }
        return loop.result();
    }

    @Test
    void goesOnFromThePrompt() {
        Generation generation = run(request(4, 2, 7));
        assertArrayEquals(new int[] {8, 9, 0, 1}, generation.tokens());
        assertEquals(FinishReason.LENGTH, generation.finishReason());
        assertEquals(2, generation.promptTokens());
        assertEquals(List.of(2, 1, 1, 1), batches, "the last token need not be computed");
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
    void cancellingKeepsWhatThereIs() {
        GenerationRequest request = request(100, 1, 2, 3);
        Generation generation = run(loop(request), request, 5);
        assertEquals(FinishReason.CANCELLED, generation.finishReason());
        assertArrayEquals(new int[] {4, 5}, generation.tokens());
    }

    @Test
    void cancellingBeforeTheStartGeneratesNothing() {
        GenerationLoop loop = loop(request(100, 1));
        loop.end(FinishReason.CANCELLED);
        Generation generation = loop.result();
        assertEquals(FinishReason.CANCELLED, generation.finishReason());
        assertEquals(0, generation.tokens().length);
        assertEquals(0, generation.decodeTokensPerSecond());
    }

    @Test
    void theCapacityBoundsTheText() {
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
