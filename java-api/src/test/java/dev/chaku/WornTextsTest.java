package dev.chaku;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.generate.Generation;
import dev.chaku.internal.arch.DenseShape;
import dev.chaku.internal.arch.FormatMix;
import dev.chaku.internal.engine.EngineAdapter;
import dev.chaku.internal.engine.EnginePool;
import dev.chaku.internal.engine.RopeSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Texts that wear adapters: which share their beginnings, and what closing an adapter does to them. */
class WornTextsTest {
    @TempDir
    Path folder;

    private Path file;
    private Path adapterFile;
    private final int[] prompt =
            new Random(1).ints(100, TinyModel.FIRST_BYTE, TinyModel.VOCAB).toArray();

    @BeforeEach
    void write() {
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
                2048,
                1e4,
                true,
                false,
                false);
        file = TinyModel.write(folder.resolve("tiny.gguf"), shape, FormatMix.Q8_0, 1);
        adapterFile = folder.resolve("adapter.gguf");
        writeAdapter(1);
    }

    private void writeAdapter(long seed) {
        try (Model base = Model.open(file)) {
            Files.deleteIfExists(adapterFile);
            AdapterTest.writeRandom(adapterFile, base, seed);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Generator generator(Model model, Adapter adapter, double scale) {
        return model.generator()
                .adapter(adapter, scale)
                .tokens(prompt)
                .maxTokens(8)
                .seed(1)
                .endless(true);
    }

    private int[] alone(Adapter adapter, double scale) {
        try (Model fresh = Model.open(file)) {
            return generator(fresh, adapter, scale).generate().tokens();
        }
    }

    @Test
    void theSameLoadedTwiceShares() {
        Adapter again = Adapter.load(adapterFile);
        try (Model model = Model.open(file)) {
            int[] expected = alone(again, 1);
            EngineAdapter inTheCore;
            try (Adapter once = Adapter.load(adapterFile)) {
                Generation first = generator(model, once, 1).generate();
                assertEquals(0, first.cachedTokens());
                assertArrayEquals(expected, first.tokens());
                Generation second = generator(model, again, 1).generate();
                assertEquals(prompt.length - 1, second.cachedTokens());
                assertArrayEquals(expected, second.tokens());
                inTheCore = model.loaded().bind(once.loaded());
                assertSame(inTheCore, model.loaded().bind(again.loaded()));
            }
            assertFalse(inTheCore.isClosed(), "one of two is closed");
            Generation third = generator(model, again, 1).generate();
            assertEquals(prompt.length - 1, third.cachedTokens());
            assertArrayEquals(expected, third.tokens());
            again.close();
            assertTrue(inTheCore.isClosed());
            try (Adapter anew = Adapter.load(adapterFile)) {
                Generation fourth = generator(model, anew, 1).generate();
                assertEquals(0, fourth.cachedTokens());
                assertArrayEquals(expected, fourth.tokens());
            }
        }
    }

    @Test
    void differentOnesOfOneNameNeverShare() {
        try (Model model = Model.open(file);
                Adapter one = Adapter.load(adapterFile)) {
            Generation first = generator(model, one, 1).generate();
            writeAdapter(2);
            try (Adapter other = Adapter.load(adapterFile)) {
                Generation second = generator(model, other, 1).generate();
                assertEquals(0, second.cachedTokens());
                assertArrayEquals(alone(other, 1), second.tokens());
                assertFalse(Arrays.equals(first.tokens(), second.tokens()), "they say different things");
                assertEquals(
                        prompt.length - 1, generator(model, one, 1).generate().cachedTokens());
                assertEquals(
                        prompt.length - 1, generator(model, other, 1).generate().cachedTokens());
            }
        }
    }

    @Test
    void scalesNeverShare() {
        try (Model model = Model.open(file);
                Adapter adapter = Adapter.load(adapterFile)) {
            generator(model, adapter, 1).generate();
            Generation half = generator(model, adapter, 0.5).generate();
            assertEquals(0, half.cachedTokens());
            assertArrayEquals(alone(adapter, 0.5), half.tokens());
            assertEquals(
                    prompt.length - 1, generator(model, adapter, 0.5).generate().cachedTokens());
        }
    }

    /**
     * Some run, some wait, and where memory is short those that run lose their places: all go on with what they wear.
     */
    @Test
    void aTextKeepsAnAdapterThatIsClosedMeanwhile() {
        long limit;
        List<int[]> expected = new ArrayList<>();
        Adapter adapter = Adapter.load(adapterFile);
        try (Model model = Model.open(file)) {
            limit = model.loaded()
                    .core()
                    .plan(new EnginePool.Options(16 * EnginePool.BLOCK, 0, 0, 0, CacheFormat.F32.type()))
                    .totalBytes();
            for (int i = 0; i < 100; i++) {
                expected.add(of(model, adapter, i).generate().tokens());
            }
        }
        try (Model model = Model.open(file, ModelOptions.defaults().withMemoryLimitBytes(limit))) {
            List<CompletableFuture<Generation>> all = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                all.add(of(model, adapter, i).generateAsync());
            }
            EngineAdapter inTheCore = model.loaded().bind(adapter.loaded());
            adapter.close();
            assertTrue(inTheCore.isClosed());
            assertTrue(all.stream().filter(one -> !one.isDone()).count() > 50, "most are under way or wait");
            for (int i = 0; i < 100; i++) {
                assertArrayEquals(expected.get(i), all.get(i).join().tokens(), "text " + i);
            }
            assertThrows(IllegalStateException.class, inTheCore::hold);
            EnginePool.Counts counts = model.loaded().scheduler().counts();
            assertEquals(counts.blocks(), counts.freeBlocks(), "nothing is kept of what wore it");
        }
    }

    private Generator of(Model model, Adapter adapter, int i) {
        int[] own = new Random(i)
                .ints(80 + i, TinyModel.FIRST_BYTE, TinyModel.VOCAB)
                .toArray();
        return model.generator()
                .adapter(adapter)
                .tokens(own)
                .maxTokens(40)
                .seed(i)
                .endless(true);
    }
}
