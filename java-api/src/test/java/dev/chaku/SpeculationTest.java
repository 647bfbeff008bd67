package dev.chaku;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import dev.chaku.generate.Generation;
import dev.chaku.generate.OutputForm;
import dev.chaku.generate.SamplingOptions;
import dev.chaku.generate.TokenLogprob;
import dev.chaku.gguf.GgufValue;
import dev.chaku.gguf.GgufWriter;
import dev.chaku.internal.arch.DenseShape;
import dev.chaku.internal.arch.FormatMix;
import dev.chaku.internal.engine.EnginePool;
import dev.chaku.internal.engine.RopeSpec;
import dev.chaku.internal.engine.TensorSpec;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Drafts change when tokens are computed, and nothing that is told of them. */
@Timeout(120)
class SpeculationTest {
    private static final int TEXTS = 24;
    private static final int TOKENS = 70;

    @TempDir
    Path folder;

    private Model model;
    /** Of the same weights, and of others. */
    private Model twin;

    private Model stranger;

    @BeforeEach
    void open() {
        model = open("model", 1);
        twin = open("twin", 1);
        stranger = open("stranger", 2);
    }

    private Model open(String name, long seed) {
        return open(name, seed, ActivationFormat.F32);
    }

    private Model open(String name, long seed, ActivationFormat activations) {
        Path file = folder.resolve(name + ".gguf");
        return Model.open(
                TinyModel.write(file, TinyModel.llama(), FormatMix.Q8_0, seed),
                ModelOptions.defaults().withActivations(activations));
    }

    @AfterEach
    void everyBlockComesBack() {
        model.loaded().scheduler().forget();
        EnginePool.Counts counts = model.loaded().scheduler().counts();
        assertEquals(counts.blocks(), counts.freeBlocks());
        model.close();
        twin.close();
        stranger.close();
    }

    private Speculation drafts(String kind) {
        return switch (kind) {
            case "lookup" -> Speculation.lookup().always();
            case "twin" -> Speculation.draft(twin).always();
            default -> Speculation.draft(stranger).withMostTokens(3).always();
        };
    }

    /** Tokens, text and the bits of probabilities. */
    private static String told(Generation generation) {
        return Arrays.toString(generation.tokens())
                + generation.text()
                + generation.finishReason()
                + generation.logprobs().stream().map(TokenLogprob::logprob).toList()
                + generation.form();
    }

    /** A text that repeats itself, of any settings. */
    private Generator text(Model of, int i, UnaryOperator<SamplingOptions> sampling) {
        Random random = new Random(i);
        int[] phrase = random.ints(3 + i % 7, TinyModel.FIRST_BYTE + 97, TinyModel.FIRST_BYTE + 123)
                .toArray();
        int[] prompt = IntStream.range(0, 20 + 5 * i)
                .map(k -> phrase[k % phrase.length])
                .toArray();
        Generator generator = of.generator()
                .tokens(prompt)
                .maxTokens(TOKENS + i)
                .endless(true)
                .sampling(sampling.apply(SamplingOptions.defaults().withSeed(i)));
        return i % 2 == 0 ? generator.logprobs(2) : generator;
    }

    private static SamplingOptions everything(SamplingOptions from) {
        return from.withTopK(5)
                .withTopP(0.95f)
                .withPenalties(new SamplingOptions.Repetition(20, 1.1f, 0.1f, 0.1f))
                .withExclusion(new SamplingOptions.Exclusion(0.3f, 0.2f));
    }

    private int check(Model of, Speculation drafts, UnaryOperator<SamplingOptions> sampling, boolean atOnce) {
        List<String> plain = new ArrayList<>();
        for (int i = 0; i < TEXTS; i++) {
            plain.add(told(text(of, i, sampling).generate()));
        }
        of.loaded().scheduler().forget();
        List<CompletableFuture<Generation>> texts = new ArrayList<>();
        int accepted = 0;
        for (int i = 0; i < TEXTS; i++) {
            texts.add(text(of, i, sampling).speculation(drafts).generateAsync());
            if (!atOnce) {
                texts.get(i).join();
            }
        }
        for (int i = 0; i < TEXTS; i++) {
            Generation generation = texts.get(i).join();
            assertEquals(plain.get(i), told(generation), "text " + i);
            assertTrue(generation.draftedTokens() > 0, "nothing was drafted for text " + i);
            assertTrue(generation.acceptedTokens() <= generation.draftedTokens());
            accepted += generation.acceptedTokens();
        }
        return accepted;
    }

    @ParameterizedTest
    @ValueSource(strings = {"lookup", "twin", "stranger"})
    void theLikeliestTokensAreTheSame(String kind) {
        int accepted = check(model, drafts(kind), options -> options.withTemperature(0), false);
        assertTrue(kind.equals("stranger") || accepted > TEXTS * TOKENS / 2, kind + ": " + accepted);
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "F32")
    void roundedActivationsChangeNothingOfThat(ActivationFormat activations) {
        try (Model rounded = open("rounded", 1, activations)) {
            check(rounded, drafts("lookup"), options -> options.withTemperature(0), false);
            check(rounded, drafts("twin"), SpeculationTest::everything, true);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"lookup", "twin", "stranger"})
    void tokensOfASeedAreTheSameBesideOthers(String kind) {
        int accepted = check(model, drafts(kind), SpeculationTest::everything, true);
        assertTrue(!kind.equals("twin") || accepted > TEXTS * TOKENS / 2, kind + ": " + accepted);
    }

    /** Running memories cannot be cut short: the text before the draft is gone back to. */
    @ParameterizedTest
    @ValueSource(strings = {"lfm2moe", "qwen35moe"})
    void modelsWithRunningMemoriesToo(String name) {
        try (Model mixed = Model.open(SmallModels.require(name))) {
            int drafted = 0;
            int accepted = 0;
            for (int i = 0; i < TEXTS; i++) {
                SamplingOptions sampling = SamplingOptions.defaults()
                        .withTemperature(i % 3)
                        .withTopK(1 + i % 2)
                        .withSeed(i);
                int[] prompt = IntStream.range(0, 11 + i).map(k -> 5 + k % 4).toArray();
                Generator generator = mixed.generator()
                        .tokens(prompt)
                        .maxTokens(60)
                        .endless(true)
                        .logprobs(0)
                        .sampling(sampling);
                String plain = told(generator.generate());
                Generation generation =
                        generator.speculation(Speculation.lookup().always()).generate();
                assertEquals(plain, told(generation), "text " + i);
                drafted += generation.draftedTokens();
                accepted += generation.acceptedTokens();
            }
            assertTrue(accepted > 0 && accepted < drafted, accepted + " of " + drafted);
            BadInputException e = assertThrows(BadInputException.class, () -> Speculation.draft(mixed));
            assertTrue(e.getMessage().contains("running memory"), e.getMessage());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"lookup", "twin", "stranger"})
    void formsStopsAndAdaptersToo(String kind) {
        AdapterTest.writeRandom(folder.resolve("adapter.gguf"), model, 2);
        try (Adapter adapter = Adapter.load(folder.resolve("adapter.gguf"))) {
            List<UnaryOperator<Generator>> settings = List.of(
                    g -> g.form(OutputForm.regex("(abcab,|abcad;|[x-z]{2})+")),
                    g -> g.form(OutputForm.regex("(ab|cd){3,9}(efgh|ij)*")).closeForm(true),
                    g -> g.form(OutputForm.choices("abcabc", "abcdef", "b")),
                    g -> g.stop("ab", "zz").adapter(adapter),
                    g -> g.adapter(adapter, 0.5).form(OutputForm.regex("([ab]{5}-)*")));
            for (int i = 0; i < 5 * settings.size(); i++) {
                UnaryOperator<Generator> setting = settings.get(i % settings.size());
                int seed = i;
                Generator plain = setting.apply(text(model, i, options -> options.withSeed(seed)));
                Generator drafted = setting.apply(text(model, i, options -> options.withSeed(seed)));
                Generation expected = plain.endless(false).generate();
                Generation got =
                        drafted.endless(false).speculation(drafts(kind)).generate();
                assertEquals(told(expected), told(got), "setting " + i % settings.size());
            }
        }
    }

    /** The chance of two tokens after a first one, which is drafted by a model that thinks otherwise. */
    @Test
    void sampledTokensAreAsLikelyAsTheModelSays() {
        int n = 6000;
        int k = 3;
        int[] prompt = {1, 80, 90, 100, 80, 90, 100, 80, 90};
        SamplingOptions options =
                SamplingOptions.defaults().withTopK(k).withTopP(1).withMinP(0).withTemperature(1.5f);
        List<CompletableFuture<Generation>> texts = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            texts.add(model.generator()
                    .tokens(prompt)
                    .maxTokens(3)
                    .endless(true)
                    .sampling(options.withSeed(1000 + i))
                    .speculation(Speculation.draft(stranger).always())
                    .generateAsync());
            if (i % 20 == 19) {
                texts.forEach(CompletableFuture::join);
            }
        }
        int drafted =
                texts.stream().mapToInt(text -> text.join().draftedTokens()).sum();
        assertTrue(drafted > n / 2, "drafted " + drafted);
        double square = 0;
        int cells = 0;
        for (int[] first : likeliest(prompt, k)) {
            int[] one = append(prompt, first[0]);
            for (int[] second : likeliest(one, k)) {
                int[] two = append(one, second[0]);
                for (int[] third : likeliest(two, k)) {
                    double expected =
                            n * chance(prompt, first[0], k) * chance(one, second[0], k) * chance(two, third[0], k);
                    int[] wanted = {first[0], second[0], third[0]};
                    long seen = texts.stream()
                            .filter(text -> Arrays.equals(text.join().tokens(), wanted))
                            .count();
                    square += (seen - expected) * (seen - expected) / expected;
                    cells++;
                }
            }
        }
        assertEquals(27, cells);
        assertTrue(square < 54, "chi square of 26 degrees of freedom, 54 at 0.1 %: " + square);
    }

    private static int[] append(int[] tokens, int last) {
        int[] longer = Arrays.copyOf(tokens, tokens.length + 1);
        longer[tokens.length] = last;
        return longer;
    }

    private float[] row(int[] tokens) {
        float[][] rows = model.logits(tokens);
        return rows[rows.length - 1];
    }

    private List<int[]> likeliest(int[] tokens, int k) {
        float[] row = row(tokens);
        return IntStream.range(0, row.length)
                .boxed()
                .sorted((a, b) -> Float.compare(row[b], row[a]))
                .limit(k)
                .map(id -> new int[] {id})
                .toList();
    }

    private double chance(int[] tokens, int next, int k) {
        float[] row = row(tokens);
        double sum = likeliest(tokens, k).stream()
                .mapToDouble(id -> Math.exp(row[id[0]] / 1.5))
                .sum();
        return Math.exp(row[next] / 1.5) / sum;
    }

    @Test
    void whereMemoryIsShort() {
        long limit = model.loaded()
                .core()
                .plan(new EnginePool.Options(16 * EnginePool.BLOCK, 0, 0, 0, CacheFormat.F32.type()))
                .totalBytes();
        Path file = model.path().orElseThrow();
        try (Model small = Model.open(file, ModelOptions.defaults().withMemoryLimitBytes(limit))) {
            check(small, drafts("lookup"), options -> options.withTemperature(0), true);
        }
    }

    /** A drafting model that goes away takes nothing with it. */
    @Test
    void goesOnWithoutADraftModelThatIsClosed() {
        Speculation drafts = drafts("twin");
        String plain = told(text(model, 1, options -> options).generate());
        Generation generation;
        try (GenerationStream stream = text(model, 1, options -> options).speculation(drafts).stream()) {
            Iterator<String> pieces = stream.iterator();
            pieces.next();
            twin.close();
            while (pieces.hasNext()) {
                pieces.next();
            }
            generation = stream.result();
        }
        assertEquals(plain, told(generation));
        Generator later = text(model, 1, options -> options).speculation(drafts);
        assertThrows(IllegalStateException.class, later::generate);
    }

    private static List<String> tokens(int n) {
        List<String> tokens = new ArrayList<>(List.of("<unk>", "<s>", "</s>"));
        IntStream.range(0, n - TinyModel.FIRST_BYTE).forEach(b -> tokens.add(String.format("<0x%02X>", b)));
        return tokens;
    }

    /** The model's weights, as far as there are tokens for them. */
    private Path write(List<String> tokens, int context) {
        DenseShape shape = new DenseShape(
                "llama",
                RopeSpec.Pairing.ADJACENT,
                2,
                64,
                4,
                2,
                16,
                96,
                tokens.size(),
                context,
                1e4,
                true,
                false,
                false);
        Path file = folder.resolve("other.gguf");
        GgufWriter writer = GgufWriter.to(file);
        TinyModel.metadata(writer, shape);
        int[] types = IntStream.range(0, tokens.size())
                .map(id -> id == 0 ? 2 : id < TinyModel.FIRST_BYTE ? 3 : 6)
                .toArray();
        writer.put("tokenizer.ggml.tokens", GgufValue.of(tokens))
                .put("tokenizer.ggml.scores", GgufValue.of(new float[tokens.size()]))
                .put("tokenizer.ggml.token_type", GgufValue.of(types));
        Random random = new Random(1);
        for (TensorSpec tensor : shape.spec(FormatMix.F32).tensors()) {
            TinyModel.addRandom(writer, tensor, random);
        }
        writer.write();
        return file;
    }

    /** Files of one vocabulary are padded differently, and a text may outgrow what the smaller model knows. */
    @Test
    void aDraftModelMayHaveFewerTokensAndAShorterContext() {
        try (Model other = Model.open(write(tokens(TinyModel.VOCAB - 4), 64))) {
            for (int i = 0; i < 6; i++) {
                String plain = told(text(model, i, SpeculationTest::everything).generate());
                Generation generation = text(model, i, SpeculationTest::everything)
                        .speculation(Speculation.draft(other).always())
                        .generate();
                assertEquals(plain, told(generation), "text " + i);
                assertTrue(generation.draftedTokens() > 0, "text " + i);
            }
        }
    }

    @Test
    void refusesAnotherVocabularyByItsFirstTokenThatDiffers() {
        List<String> tokens = tokens(TinyModel.VOCAB);
        Collections.swap(tokens, 70, 80);
        Path file = write(tokens, TinyModel.CONTEXT);
        try (Model other = Model.open(file)) {
            Generator generator = model.generator();
            Speculation drafts = Speculation.draft(other);
            BadInputException e = assertThrows(BadInputException.class, () -> generator.speculation(drafts));
            assertTrue(e.getMessage().contains("token 70 to be '<0x4D>' in place of '<0x43>'"), e.getMessage());
        }
    }

    @Test
    void refusesNumbersOfTokensOutOfRange() {
        assertThrows(BadInputException.class, () -> Speculation.lookup().withMostTokens(0));
        assertThrows(BadInputException.class, () -> Speculation.lookup().withMostTokens(33));
        Generation generation = text(model, 1, options -> options)
                .speculation(Speculation.none().withMostTokens(5).always())
                .generate();
        assertEquals(0, generation.draftedTokens());
    }
}
