package dev.chaku;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.ResourceException;
import dev.chaku.generate.Generation;
import dev.chaku.gguf.GgmlType;
import dev.chaku.internal.arch.DenseShape;
import dev.chaku.internal.arch.FormatMix;
import dev.chaku.internal.engine.EnginePool;
import dev.chaku.internal.engine.EngineText;
import dev.chaku.internal.engine.RopeSpec;
import dev.chaku.internal.io.DirectBuffers;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Several texts of one model: what is kept of each, and that none changes another's digits. */
class ConversationsTest {
    private static final int CONTEXT = 2048;

    @TempDir
    Path folder;

    private Path file() {
        Path file = folder.resolve("tiny.gguf");
        if (Files.exists(file)) {
            return file;
        }
        DenseShape shape = new DenseShape(
                "llama",
                RopeSpec.Pairing.ADJACENT,
                2,
                64,
                2,
                1,
                32,
                96,
                TinyModel.VOCAB,
                CONTEXT,
                1e4,
                true,
                false,
                false);
        return TinyModel.write(file, shape, FormatMix.Q8_0, 1);
    }

    private static int[] text(int seed, int n) {
        return new Random(seed).ints(n, TinyModel.FIRST_BYTE, TinyModel.VOCAB).toArray();
    }

    private static int[] join(int[] a, int[] b) {
        int[] all = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, all, a.length, b.length);
        return all;
    }

    private static Generation say(Model model, int[] prompt) {
        return model.generator()
                .tokens(prompt)
                .maxTokens(5)
                .endless(true)
                .seed(1)
                .generate();
    }

    @Test
    void twoInTurnKeepBothTheirBeginnings() {
        try (Model model = Model.open(file())) {
            int[] first = text(1, 60);
            int[] second = text(2, 70);
            for (int turn = 0; turn < 6; turn++) {
                Generation one = say(model, first);
                Generation other = say(model, second);
                assertEquals(turn == 0 ? 0 : first.length - 8 - 5, one.cachedTokens(), "turn " + turn);
                assertEquals(turn == 0 ? 0 : second.length - 8 - 5, other.cachedTokens(), "turn " + turn);
                first = join(join(first, one.tokens()), text(10 + turn, 8));
                second = join(join(second, other.tokens()), text(20 + turn, 8));
            }
        }
    }

    @Test
    void whatTextsHaveInCommonIsComputedOnce() {
        try (Model model = Model.open(file())) {
            int[] instructions = text(3, 200);
            for (int i = 0; i < 5; i++) {
                int[] prompt = join(instructions, text(30 + i, 300));
                Generation generation = say(model, prompt);
                assertEquals(i == 0 ? 0 : instructions.length, generation.cachedTokens());
                assertEquals(prompt.length - 1, say(model, prompt).cachedTokens());
            }
            assertEquals(499, say(model, join(instructions, text(30, 300))).cachedTokens());
        }
    }

    @Test
    void aTextThatOutgrowsItsRoomIsKept() {
        try (Model model = Model.open(file())) {
            int[] prompt = text(4, 250);
            for (int i = 0; i < 5; i++) {
                Generation generation = say(model, prompt);
                assertEquals(i == 0 ? 0 : prompt.length - 200 - 5, generation.cachedTokens());
                prompt = join(join(prompt, generation.tokens()), text(40 + i, 200));
            }
        }
    }

    /** More than there is room for: those that wait longest go, and nothing else changes. */
    @Test
    void moreTextsThanThereIsRoomFor() {
        List<int[]> told = new ArrayList<>();
        try (Model fresh = Model.open(file())) {
            for (int i = 0; i < 30; i++) {
                fresh.loaded().scheduler().forget();
                Generation generation = say(fresh, text(50 + i, 400));
                assertEquals(0, generation.cachedTokens());
                told.add(generation.tokens());
            }
        }
        try (Model model = Model.open(file())) {
            for (int round = 0; round < 2; round++) {
                for (int i = 0; i < 30; i++) {
                    assertArrayEquals(told.get(i), say(model, text(50 + i, 400)).tokens(), "text " + i);
                }
            }
            assertEquals(399, say(model, text(50 + 29, 400)).cachedTokens());
        }
    }

    /** Memory is planned before it is taken: a text that finds no room takes nothing from those that have it. */
    @Test
    void aTextBeyondTheMemoryLimitTakesNothingFromOthers() {
        long limit;
        try (Model model = Model.open(file())) {
            limit = model.loaded()
                    .core()
                    .plan(new EnginePool.Options(16 * EnginePool.BLOCK, 0, 0, 0, CacheFormat.F32.type()))
                    .totalBytes();
        }
        try (Model model = Model.open(file(), ModelOptions.defaults().withMemoryLimitBytes(limit))) {
            int[] prompt = text(70, 400);
            assertEquals(0, say(model, prompt).cachedTokens());
            Generator tooLong = model.generator().tokens(text(71, 100)).maxTokens(1900);
            ResourceException e = assertThrows(ResourceException.class, tooLong::generate);
            assertTrue(e.getMessage().startsWith("a text of 2048 tokens: expected at most "), e.getMessage());
            assertTrue(e.getMessage().contains("(the memory limit)"), e.getMessage());
            assertEquals(399, say(model, prompt).cachedTokens());
        }
    }

    /** The pool of the engine: rows of many texts in one step have the digits of each alone. */
    @Test
    void aStepOfManyTextsHasTheDigitsOfEach() {
        try (Model model = Model.open(file());
                EnginePool pool = model.loaded().core().pool(new EnginePool.Options(4096, 0, 0, 0, GgmlType.F16))) {
            int vocab = pool.vocabSize();
            int n = 7;
            FloatBuffer alone = DirectBuffers.floats(n * vocab);
            FloatBuffer together = DirectBuffers.floats(n * vocab);
            List<EnginePool.Part> parts = new ArrayList<>();
            List<EngineText> texts = new ArrayList<>();
            for (int i = 0; i < n; i++) {
                int[] prompt = text(60 + i, 20 + 31 * i);
                EngineText one = pool.text(CONTEXT);
                EnginePool.Part part = part(one, prompt);
                pool.compute(List.of(part), alone.position(i * vocab));
                assertEquals(prompt.length, one.length());
                one.close();
                texts.add(pool.text(CONTEXT));
                parts.add(part(texts.get(i), prompt));
            }
            pool.compute(parts, together);
            alone.clear();
            for (int i = 0; i < n * vocab; i++) {
                assertEquals(alone.get(i), together.get(i));
            }
            int used = pool.counts().blocks() - pool.counts().freeBlocks();
            assertTrue(used >= n, used + " blocks");
            EngineText fork = texts.get(n - 1).fork(100);
            assertEquals(2, pool.counts().sharedBlocks());
            texts.forEach(EngineText::close);
            assertEquals(0, pool.counts().sharedBlocks());
            fork.close();
            assertEquals(pool.counts().blocks(), pool.counts().freeBlocks());
        }
    }

    private static EnginePool.Part part(EngineText text, int[] prompt) {
        return new EnginePool.Part(text, prompt, 0, prompt.length, EnginePool.Role.PROMPT, EnginePool.Logits.LAST);
    }
}
