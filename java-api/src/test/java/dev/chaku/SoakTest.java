package dev.chaku;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BusyException;
import dev.chaku.generate.FinishReason;
import dev.chaku.generate.Generation;
import dev.chaku.internal.arch.FormatMix;
import dev.chaku.internal.engine.EnginePool;
import dev.chaku.io.FileFault;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Random requests, some cancelled, with adapters that come and go: every answer is the one of its prompt and adapter,
 * every block comes back, memory stays. {@code -Dchaku.soak.seconds=1200} for twenty minutes.
 */
class SoakTest {
    private static final int PROMPTS = 24;
    private static final int ADAPTERS = 3;
    private static final int AT_ONCE = 24;
    private static final long MOST_GROWTH_KIB = 96 * 1024;

    @TempDir
    Path folder;

    private final Random random = new Random(9);
    private final List<int[]> prompts = new ArrayList<>();
    private final List<Path> files = new ArrayList<>();
    /** By adapter, 0 for none, and prompt. */
    private final int[][][] expected = new int[ADAPTERS + 1][PROMPTS][];

    /** A request under way. */
    private record Asked(
            int adapter, int prompt, int tokens, boolean cancelled, CompletableFuture<Generation> answer) {}

    private Generator request(Model model, int prompt, int tokens) {
        return model.generator()
                .tokens(prompts.get(prompt))
                .maxTokens(tokens)
                .seed(prompt)
                .endless(true);
    }

    private Adapter load(int adapter) {
        return Adapter.load(files.get(adapter - 1));
    }

    @Test
    void nothingLeaksAndNoAnswerIsAnothers() throws IOException {
        long nanos = Long.getLong("chaku.soak.seconds", 5) * 1_000_000_000L;
        Path file = TinyModel.write(folder.resolve("m.gguf"), TinyModel.llama(), FormatMix.Q8_0, 1);
        int[] stem = random.ints(90, TinyModel.FIRST_BYTE, TinyModel.VOCAB).toArray();
        for (int i = 0; i < PROMPTS; i++) {
            int shared = random.nextInt(stem.length);
            int[] prompt = Arrays.copyOf(stem, shared + 1 + random.nextInt(150));
            for (int j = shared; j < prompt.length; j++) {
                prompt[j] = TinyModel.FIRST_BYTE + random.nextInt(256);
            }
            prompts.add(prompt);
        }
        learn(file);
        try (Model model = Model.open(file, ModelOptions.defaults().withMemoryLimitBytes(limit(file)))) {
            List<Adapter> loaded = new ArrayList<>();
            for (int i = 1; i <= ADAPTERS; i++) {
                loaded.add(load(i));
            }
            long start = System.nanoTime();
            long checked = 0;
            long resident = 0;
            for (int round = 0; System.nanoTime() - start < nanos; round++) {
                checked += round(model, loaded);
                if (resident == 0 && System.nanoTime() - start > nanos / 4) {
                    resident = residentKib();
                }
            }
            assertTrue(checked > 100, checked + " answers were checked");
            model.loaded().scheduler().forget();
            EnginePool.Counts counts = model.loaded().scheduler().counts();
            assertEquals(counts.blocks(), counts.freeBlocks(), "every block came back");
            long growth = residentKib() - resident;
            assertTrue(growth < MOST_GROWTH_KIB, "memory grew by " + growth + " KiB");
            loaded.forEach(Adapter::close);
        }
    }

    /** What each says alone. */
    private void learn(Path file) {
        try (Model model = Model.open(file)) {
            for (int adapter = 0; adapter <= ADAPTERS; adapter++) {
                if (adapter > 0) {
                    files.add(AdapterTest.writeRandom(folder.resolve("a" + adapter + ".gguf"), model, adapter));
                }
                try (Adapter worn = adapter == 0 ? null : load(adapter)) {
                    for (int i = 0; i < PROMPTS; i++) {
                        Generator generator = request(model, i, 60);
                        if (worn != null) {
                            generator.adapter(worn);
                        }
                        expected[adapter][i] = generator.generate().tokens();
                    }
                }
            }
        }
    }

    /** Room for some of the texts. */
    private static long limit(Path file) {
        try (Model model = Model.open(file)) {
            return model.loaded()
                    .core()
                    .plan(new EnginePool.Options(40 * EnginePool.BLOCK, 0, 0, 0, CacheFormat.F32.type()))
                    .totalBytes();
        }
    }

    private int round(Model model, List<Adapter> loaded) {
        List<Asked> all = new ArrayList<>();
        for (int i = 0; i < AT_ONCE; i++) {
            int adapter = random.nextInt(ADAPTERS + 1);
            int prompt = random.nextInt(PROMPTS);
            int tokens = 1 + random.nextInt(60);
            Generator generator =
                    request(model, prompt, tokens).share("s" + i % 3).priority(random.nextInt(2));
            if (adapter > 0) {
                generator.adapter(loaded.get(adapter - 1));
            }
            boolean cancelled = random.nextInt(5) == 0;
            try {
                all.add(new Asked(adapter, prompt, tokens, cancelled, generator.generateAsync()));
            } catch (BusyException e) {
                continue;
            }
            if (cancelled && random.nextBoolean()) {
                all.get(all.size() - 1).answer().cancel(true);
            }
        }
        all.stream().filter(Asked::cancelled).forEach(asked -> asked.answer().cancel(true));
        int checked = 0;
        for (Asked asked : all) {
            checked += check(asked) ? 1 : 0;
        }
        if (random.nextInt(3) == 0) {
            int again = random.nextInt(ADAPTERS);
            loaded.set(again, load(again + 1)).close();
        }
        return checked;
    }

    private boolean check(Asked asked) {
        try {
            Generation generation = asked.answer().join();
            assertEquals(FinishReason.LENGTH, generation.finishReason());
            assertEquals(
                    Arrays.toString(Arrays.copyOf(expected[asked.adapter()][asked.prompt()], asked.tokens())),
                    Arrays.toString(generation.tokens()));
            return true;
        } catch (CancellationException e) {
            assertTrue(asked.cancelled());
            return false;
        } catch (CompletionException e) {
            throw new AssertionError(asked.toString(), e);
        }
    }

    private static long residentKib() {
        System.gc();
        Path status = Path.of("/proc/self/status");
        try {
            return Files.exists(status)
                    ? Files.readAllLines(status).stream()
                            .filter(line -> line.startsWith("VmRSS:"))
                            .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
                            .sum()
                    : 0;
        } catch (IOException e) {
            throw FileFault.notRead(status, e);
        }
    }
}
