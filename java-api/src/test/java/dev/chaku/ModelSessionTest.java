package dev.chaku;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.generate.Generation;
import dev.chaku.generate.TokenLogprob;
import dev.chaku.internal.arch.DenseShape;
import dev.chaku.internal.arch.FormatMix;
import dev.chaku.internal.engine.RopeSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The same model, prompt and seed give the same text and the same digits, whatever was computed before. */
class ModelSessionTest {
    private static final int PROMPTS = 200;

    @TempDir
    Path folder;

    private final List<int[]> prompts = prompts();

    /** Of all lengths, which begin like each other or like what was generated after each other. */
    private static List<int[]> prompts() {
        Random random = new Random(11);
        List<int[]> all = new ArrayList<>();
        int[] stem = random.ints(120, TinyModel.FIRST_BYTE, TinyModel.VOCAB).toArray();
        for (int i = 0; i < PROMPTS; i++) {
            int shared = random.nextInt(stem.length);
            int own = i % 5 == 0 ? 0 : 1 + random.nextInt(12);
            int[] prompt = Arrays.copyOf(stem, Math.max(1, shared) + own);
            for (int j = prompt.length - own; j < prompt.length; j++) {
                prompt[j] = TinyModel.FIRST_BYTE + random.nextInt(256);
            }
            all.add(prompt);
        }
        return all;
    }

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
                TinyModel.CONTEXT,
                1e4,
                true,
                false,
                false);
        return TinyModel.write(file, shape, FormatMix.Q8_0, 1);
    }

    /** A text by its tokens and the bits of their probabilities. */
    private record Told(List<Integer> tokens, List<Double> logprobs) {
        static Told of(Generation generation) {
            return new Told(
                    Arrays.stream(generation.tokens()).boxed().toList(),
                    generation.logprobs().stream().map(TokenLogprob::logprob).toList());
        }
    }

    private Generator generator(Model model, @Nullable Adapter adapter, int[] prompt) {
        Generator generator = model.generator()
                .tokens(prompt)
                .maxTokens(6)
                .seed(prompt.length)
                .endless(true)
                .logprobs(0);
        return adapter == null ? generator : generator.adapter(adapter);
    }

    /** Each prompt by a session that has computed nothing. */
    private List<Told> freshly(Path file, @Nullable Adapter adapter, ModelOptions options) {
        List<Told> all = new ArrayList<>();
        try (Model model = Model.open(file, options)) {
            for (int[] prompt : prompts) {
                model.loaded().scheduler().forget();
                Generation generation = generator(model, adapter, prompt).generate();
                assertEquals(0, generation.cachedTokens());
                all.add(Told.of(generation));
            }
        }
        return all;
    }

    private void checkAll(@Nullable Adapter adapter, ModelOptions options) {
        Path file = file();
        List<Told> expected = freshly(file, adapter, options.withThreads(1));
        for (int threads : new int[] {1, 2, 8}) {
            List<Integer> order = new ArrayList<>();
            for (int i = 0; i < PROMPTS; i++) {
                order.add(i);
            }
            Collections.shuffle(order, new Random(threads));
            int cached = 0;
            try (Model model = Model.open(file, options.withThreads(threads))) {
                for (int i : order) {
                    Generation generation =
                            generator(model, adapter, prompts.get(i)).generate();
                    assertEquals(expected.get(i), Told.of(generation), "prompt " + i + ", " + threads + " threads");
                    cached += generation.cachedTokens();
                }
            }
            assertTrue(cached > PROMPTS * 10, cached + " tokens were cached");
        }
    }

    @ParameterizedTest
    @EnumSource(CacheFormat.class)
    void whatIsCachedChangesNoDigit(CacheFormat format) {
        checkAll(null, ModelOptions.defaults().withCache(format));
    }

    @Test
    void norWithAnAdapter() {
        Path adapterFile = folder.resolve("adapter.gguf");
        try (Model base = Model.open(file())) {
            AdapterTest.writeRandom(adapterFile, base, 2);
        }
        try (Adapter adapter = Adapter.load(adapterFile)) {
            checkAll(adapter, ModelOptions.defaults());
        }
    }

    @Test
    void norInFloat32() {
        checkAll(null, Float32Device.options());
    }

    /** What the model generated is computed anew where it stands in a prompt: in a later turn of a chat. */
    @Test
    void aLaterTurnIsThatOfAFreshModel() {
        Path file = file();
        int[] first = prompts.get(3);
        int[] second;
        Told told;
        try (Model model = Model.open(file)) {
            int[] answer = generator(model, null, first).generate().tokens();
            second = Arrays.copyOf(first, first.length + answer.length + 1);
            System.arraycopy(answer, 0, second, first.length, answer.length);
            second[second.length - 1] = 77;
            Generation generation = generator(model, null, second).generate();
            assertEquals(first.length, generation.cachedTokens());
            told = Told.of(generation);
        }
        try (Model model = Model.open(file)) {
            assertEquals(told, Told.of(generator(model, null, second).generate()));
        }
    }

    /** Logits of all positions at once say of a prompt's end what a generation finds there. */
    @Test
    void logitsOfAPromptAreThoseItIsGoneOnFrom() {
        try (Model model = Model.open(file())) {
            for (int[] prompt : prompts.subList(0, 20)) {
                float[][] logits = model.logits(prompt);
                float[] last = logits[logits.length - 1];
                double sum = 0;
                for (float logit : last) {
                    sum += Math.exp(logit);
                }
                TokenLogprob first =
                        generator(model, null, prompt).generate().logprobs().get(0);
                // far closer than float32's last digit
                assertEquals(last[first.id()] - Math.log(sum), first.logprob(), 1e-8, "prompt of " + prompt.length);
            }
        }
    }

    @Test
    void eightThreadsAtOnceTellWhatOneTells() throws Exception {
        Path file = file();
        List<Told> expected = freshly(file, null, ModelOptions.defaults());
        try (Model model = Model.open(file)) {
            List<CompletableFuture<Void>> running = new ArrayList<>();
            for (int thread = 0; thread < 8; thread++) {
                int first = thread;
                running.add(CompletableFuture.runAsync(() -> {
                    for (int i = first; i < PROMPTS; i += 8) {
                        Told told =
                                Told.of(generator(model, null, prompts.get(i)).generate());
                        assertEquals(expected.get(i), told, "prompt " + i);
                    }
                }));
            }
            for (CompletableFuture<Void> one : running) {
                one.get();
            }
        }
    }
}
