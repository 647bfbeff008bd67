package dev.chaku;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.generate.Generation;
import dev.chaku.generate.TokenLogprob;
import dev.chaku.internal.arch.DenseShape;
import dev.chaku.internal.arch.FormatMix;
import dev.chaku.internal.engine.EnginePool;
import dev.chaku.internal.engine.RopeSpec;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A request has the same tokens and digits alone and in a crowd, whatever is cached, and where memory is short. */
class CrowdTest {
    private static final int REQUESTS = 200;
    private static final int CONTEXT = 2048;

    @TempDir
    Path folder;

    private Path file;
    private Adapter adapter;
    private List<String> alone;
    private final List<int[]> prompts = new ArrayList<>();

    @BeforeEach
    void generateEachAlone() {
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
        file = TinyModel.write(folder.resolve("tiny.gguf"), shape, FormatMix.Q8_0, 1);
        Random random = new Random(5);
        int[] stem = random.ints(150, TinyModel.FIRST_BYTE, TinyModel.VOCAB).toArray();
        for (int i = 0; i < REQUESTS; i++) {
            int shared = i % 3 == 0 ? 0 : random.nextInt(stem.length);
            int[] prompt = Arrays.copyOf(stem, shared + 1 + random.nextInt(90));
            for (int j = shared; j < prompt.length; j++) {
                prompt[j] = TinyModel.FIRST_BYTE + random.nextInt(256);
            }
            prompts.add(prompt);
        }
        try (Model base = Model.open(file)) {
            AdapterTest.writeRandom(folder.resolve("adapter.gguf"), base, 2);
        }
        adapter = Adapter.load(folder.resolve("adapter.gguf"));
        alone = alone(ModelOptions.defaults().withThreads(1));
    }

    private List<String> alone(ModelOptions options) {
        List<String> all = new ArrayList<>();
        try (Model model = Model.open(file, options)) {
            for (int i = 0; i < REQUESTS; i++) {
                model.loaded().scheduler().forget();
                Generation generation = request(model, i).generate();
                assertEquals(0, generation.cachedTokens());
                all.add(told(generation));
            }
        }
        return all;
    }

    @AfterEach
    void closeAdapter() {
        adapter.close();
    }

    /** Every other one wears the adapter. */
    private Generator request(Model model, int i) {
        Generator generator = model.generator()
                .tokens(prompts.get(i))
                .maxTokens(3 + i % 11)
                .seed(i)
                .endless(true)
                .logprobs(0);
        return i % 2 == 0 ? generator : generator.adapter(adapter);
    }

    /** Tokens and the bits of their probabilities. */
    private static String told(Generation generation) {
        return Arrays.toString(generation.tokens())
                + generation.logprobs().stream().map(TokenLogprob::logprob).toList();
    }

    private int checkInBatchesOf(int n, boolean cached, ModelOptions options) {
        int hits = 0;
        try (Model model = Model.open(file, options)) {
            for (int from = 0; from < REQUESTS; from += n) {
                if (!cached) {
                    model.loaded().scheduler().forget();
                }
                List<CompletableFuture<Generation>> batch = new ArrayList<>();
                for (int i = from; i < Math.min(REQUESTS, from + n); i++) {
                    batch.add(request(model, i).generateAsync());
                }
                for (int i = 0; i < batch.size(); i++) {
                    Generation generation = batch.get(i).join();
                    assertEquals(alone.get(from + i), told(generation), "request " + (from + i) + " of " + n);
                    hits += generation.cachedTokens();
                }
            }
            model.loaded().scheduler().forget();
            EnginePool.Counts counts = model.loaded().scheduler().counts();
            assertEquals(counts.blocks(), counts.freeBlocks(), "every block came back");
        }
        return hits;
    }

    @Test
    void inBatchesOfSeven() {
        assertTrue(checkInBatchesOf(7, true, ModelOptions.defaults().withThreads(2)) > REQUESTS * 10);
        checkInBatchesOf(7, false, ModelOptions.defaults().withThreads(3));
    }

    @Test
    void inBatchesOfSixtyFour() {
        assertTrue(checkInBatchesOf(64, true, ModelOptions.defaults().withThreads(2)) > REQUESTS * 10);
        checkInBatchesOf(64, false, ModelOptions.defaults().withThreads(1));
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "F32")
    void withRoundedActivations(ActivationFormat activations) {
        ModelOptions options = ModelOptions.defaults().withActivations(activations);
        List<String> exact = alone;
        alone = alone(options.withThreads(1));
        assertNotEquals(exact, alone);
        checkInBatchesOf(7, true, options.withThreads(2));
        checkInBatchesOf(64, true, options.withThreads(3));
        checkInBatchesOf(64, false, options.withThreads(2));
    }

    @Test
    void allAtOnce() {
        checkInBatchesOf(REQUESTS, true, ModelOptions.defaults());
    }

    /** There is room for a few texts alone: others wait, lose their places and are computed again. */
    @Test
    void whereMemoryIsShort() {
        long limit;
        try (Model model = Model.open(file)) {
            limit = model.loaded()
                    .core()
                    .plan(new EnginePool.Options(16 * EnginePool.BLOCK, 0, 0, 0, CacheFormat.F32.type()))
                    .totalBytes();
        }
        checkInBatchesOf(64, true, ModelOptions.defaults().withMemoryLimitBytes(limit));
    }
}
