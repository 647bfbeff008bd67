package dev.chaku.internal.schedule;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.generate.SamplingOptions;
import dev.chaku.gguf.GgmlType;
import dev.chaku.internal.engine.EnginePool;
import dev.chaku.internal.generate.GenerationLoop;
import dev.chaku.internal.generate.GenerationRequest;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import org.junit.jupiter.api.Test;

/** How much is drafted, and what. */
class SpeculatorTest {
    private static final int VOCAB = 40;
    private static final int CAPACITY = 1000;
    private static final int MOST = 15;

    private final Speculator speculator =
            new Speculator(VOCAB, new Scheduler.Settings(0, GgmlType.F32, EnginePool.Activations.F32, 64, 64));

    /** A text whose prompt was read, and after which came {@code next}. */
    private static GenerationWork text(int maxTokens, int next, int... prompt) {
        GenerationRequest request = new GenerationRequest(
                prompt,
                maxTokens,
                SamplingOptions.greedy(),
                List.of(),
                false,
                false,
                0,
                null,
                false,
                new BitSet(),
                piece -> {});
        GenerationLoop loop = new GenerationLoop(VOCAB, CAPACITY, null, request);
        Ticket ticket = new Ticket(false, () -> {}, () -> {});
        GenerationWork work = new GenerationWork(
                Order.of(List.of()), CAPACITY, CAPACITY, prompt, loop, ticket, true, new Drafting(null, MOST, false));
        work.admitted(0);
        work.computed = prompt.length;
        work.told(prompt.length - 1, 1, rows(next), VOCAB);
        return work;
    }

    /** Rows of logits, by each of which one token comes. */
    private static FloatBuffer rows(int... nexts) {
        FloatBuffer rows = FloatBuffer.allocate(nexts.length * VOCAB);
        for (int i = 0; i < nexts.length; i++) {
            rows.put(i * VOCAB + nexts[i], 9);
        }
        return rows;
    }

    private static int[] repeated(int times, int... phrase) {
        int[] tokens = new int[times * phrase.length];
        Arrays.setAll(tokens, i -> phrase[i % phrase.length]);
        return tokens;
    }

    private int[] draft(GenerationWork work) {
        work.forgetDraft();
        speculator.draft(List.of(work));
        return Arrays.copyOfRange(work.tokens, work.known, work.known + work.drafted);
    }

    private void stepsTake(long nanosOfRow, long nanosOfOne) {
        for (int i = 0; i < 30; i++) {
            for (int rows = 1; rows <= 1 + MOST; rows++) {
                speculator.learn(rows, nanosOfOne + nanosOfRow * (rows - 1));
            }
        }
    }

    @Test
    void nothingIsDraftedBeforeAPlainStepWasMeasured() {
        GenerationWork work = text(100, 1, repeated(5, 1, 2, 3, 4));
        assertEquals(0, draft(work).length);
        speculator.learn(1, 1000);
        assertTrue(draft(work).length > 0);
    }

    @Test
    void aCopyIsDraftedAsItWentOnBefore() {
        stepsTake(1, 1000);
        GenerationWork work = text(100, 1, repeated(5, 1, 2, 3, 4));
        assertArrayEquals(Arrays.copyOf(repeated(5, 2, 3, 4, 1), MOST), draft(work));
        GenerationWork other = text(100, 9, 7, 8, 9, 30, 31, 5, 7, 8);
        assertArrayEquals(new int[] {30, 31, 5, 7, 8, 9}, Arrays.copyOf(draft(other), 6), "then it repeats itself");
        assertEquals(0, draft(text(100, 20, repeated(5, 1, 2, 3, 4))).length, "nothing is like its end");
    }

    @Test
    void thePlaceThatHasMostInCommonIsTaken() {
        stepsTake(1, 1000);
        GenerationWork work = text(100, 3, 9, 1, 2, 3, 11, 8, 1, 2, 3, 12, 7, 1, 2, 3, 13, 9, 1, 2);
        assertEquals(11, draft(work)[0]);
    }

    @Test
    void aCopyWithAnotherTokenGoesOnBehindIt() {
        stepsTake(1, 1000);
        GenerationWork work = text(100, 5, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 30, 1, 2, 3, 4);
        assertArrayEquals(new int[] {6, 7, 8}, Arrays.copyOf(draft(work), 3));
        int from = work.computed;
        work.computed = work.known + work.drafted;
        int[] nexts = new int[1 + work.drafted];
        Arrays.fill(nexts, 20);
        nexts[0] = 6;
        work.told(from, nexts.length, rows(nexts), VOCAB);
        work.computed -= work.rejected;
        work.takeBack();
        assertEquals(20, work.tokens[work.known - 1], "in place of 7");
        assertArrayEquals(new int[] {8, 9, 10}, Arrays.copyOf(draft(work), 3));
    }

    @Test
    void noMoreIsDraftedThanMayCome() {
        stepsTake(1, 1000);
        assertEquals(2, draft(text(4, 1, repeated(5, 1, 2, 3, 4))).length);
        assertEquals(0, draft(text(2, 1, repeated(5, 1, 2, 3, 4))).length);
    }

    @Test
    void whatDoesNotPayIsNotDrafted() {
        stepsTake(1000, 1000);
        assertEquals(0, draft(text(100, 1, repeated(5, 1, 2, 3, 4))).length);
        stepsTake(300, 1000);
        int some = draft(text(100, 1, repeated(5, 1, 2, 3, 4))).length;
        assertTrue(some > 0, "" + some);
    }

    /** Drafts that do not come make the next ones shorter, until there are none; after a while there is another. */
    @Test
    void draftsThatDoNotComeEnd() {
        stepsTake(150, 1000);
        GenerationWork work = text(900, 1, repeated(5, 1, 2, 3, 4));
        int before = draft(work).length;
        assertTrue(before > 3, "" + before);
        LookupDrafter drafter = (LookupDrafter) work.drafter(source -> null);
        for (int i = 0; i < 30; i++) {
            drafter.learn(before, 0);
        }
        assertEquals(0, draft(work).length);
        int rests = 0;
        while (draft(work).length == 0) {
            rests++;
        }
        assertTrue(rests > 5 && rests < 200, "rests " + rests);
    }

    @Test
    void whatCameIsCountedAndTheRestIsTakenBack() {
        stepsTake(1, 1000);
        GenerationWork work = text(100, 1, repeated(5, 1, 2, 3, 4));
        assertEquals(MOST, draft(work).length);
        int from = work.computed;
        work.computed = work.known + work.drafted;
        int[] nexts = new int[1 + MOST];
        Arrays.fill(nexts, 20);
        nexts[0] = 2;
        nexts[1] = 3;
        work.told(from, nexts.length, rows(nexts), VOCAB);
        assertArrayEquals(new int[] {1, 2, 3, 20}, Arrays.copyOfRange(work.tokens, 20, work.known));
        assertEquals(MOST - 2, work.rejected);
        assertEquals(work.known - 1, work.computed - work.rejected, "the last is to be computed");
    }
}
