package dev.chaku;

import static dev.chaku.ReferenceJson.floats;
import static dev.chaku.ReferenceJson.ints;
import static dev.chaku.ReferenceJson.list;
import static dev.chaku.ReferenceJson.object;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import dev.chaku.generate.Generation;
import dev.chaku.internal.arch.DenseShape;
import dev.chaku.internal.arch.FormatMix;
import dev.chaku.internal.engine.RopeSpec;
import dev.chaku.internal.schedule.TextSession;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class ModelTest {
    @TempDir
    Path folder;

    /** Logits of every small model of a family that we know, with weights in every format that the core has. */
    @TestFactory
    Stream<DynamicTest> givesTheLogitsOfTheReference() {
        if (!FamilyModels.areAllThere()) {
            return ReferenceData.skipped(FamilyModels.FOLDER).stream();
        }
        return FamilyModels.all().stream()
                .map(entry -> DynamicTest.dynamicTest(entry.name(), () -> check(entry.folder(), entry.entry())));
    }

    /** The same of the models that every checkout has, whose logits an independent program computed in float64. */
    @TestFactory
    Stream<DynamicTest> givesTheLogitsOfTheRepository() {
        return FamilyModels.own().stream()
                .map(entry -> DynamicTest.dynamicTest(entry.name(), () -> check(entry.folder(), entry.entry())));
    }

    /** Both on the device that users get: one that rounds operands to bfloat16 keeps nearly three digits. */
    @TestFactory
    Stream<DynamicTest> givesTheLogitsOnAnyDevice() {
        List<FamilyModels.Entry> all = new ArrayList<>(FamilyModels.own());
        Stream<DynamicTest> skipped = Stream.empty();
        if (FamilyModels.areAllThere()) {
            all.addAll(FamilyModels.all());
        } else {
            skipped = ReferenceData.skipped(FamilyModels.FOLDER).stream();
        }
        return Stream.concat(
                skipped,
                all.stream()
                        .map(entry -> DynamicTest.dynamicTest(
                                entry.name(), () -> check(entry.folder(), entry.entry(), ModelOptions.defaults()))));
    }

    private static void check(Path folder, Map<String, Object> entry) {
        check(folder, entry, Float32Device.options());
    }

    private static void check(Path folder, Map<String, Object> entry, ModelOptions options) {
        double tolerance = ((Number) entry.get("suggested_max_abs_tol")).doubleValue();
        try (Model model = Model.open(folder.resolve(entry.get("file").toString()), options)) {
            for (Object run : list(entry.get("runs"))) {
                Map<String, Object> golden = object(run);
                int[] tokens = ints(object(ReferenceJson.read(
                                folder.resolve(golden.get("tokens").toString())))
                        .get("tokens"));
                String logits = golden.getOrDefault("dequant_logits", golden.get("logits"))
                        .toString();
                float[] expected = floats(folder.resolve(logits));
                int context = Math.max(tokens.length, ((Number) golden.get("n_ctx")).intValue());
                float[][] found = model.logits(tokens, List.of(), Math.min(context, model.contextLength()));
                if (model.device().device().roundsToBfloat16()) {
                    if (routes(model)) {
                        assertMostAreNear(expected, found, 0.02);
                    } else {
                        assertNear(expected, found, 0.02);
                    }
                } else {
                    assertClose(expected, found, tolerance);
                }
            }
        }
    }

    /** Whether a token's rounding may choose another expert for it, which is more than rounding. */
    private static boolean routes(Model model) {
        return model.file().orElseThrow().metadata().asMap().containsKey(model.architecture() + ".expert_count");
    }

    /** What a session was used for before does not decide which rotations the next text gets. */
    @Test
    void generationDependsOnItsOwnContextAlone() {
        Path file = ReferenceData.require("parity/tiny/phi3-longrope.gguf");
        try (Model used = Model.open(file);
                Model fresh = Model.open(file)) {
            assertEquals(256, used.spec().longAfter());
            used.generator().tokens(1, 5, 9).maxTokens(2).generate();
            try (TextSession longer = used.loaded().scheduler().session(300, List.of())) {
                assertEquals(300, longer.capacity());
                longer.startWith(new int[] {1, 5, 9});
            }
            int[] after =
                    used.generator().tokens(1, 5, 9, 13).maxTokens(8).generate().tokens();
            assertArrayEquals(
                    fresh.generator()
                            .tokens(1, 5, 9, 13)
                            .maxTokens(8)
                            .generate()
                            .tokens(),
                    after);
        }
    }

    /** A trained model, whole and with quantized weights: equal to what its dequantized weights give. */
    @ParameterizedTest
    @CsvSource({
        "p0,f32,f32", "p0,q8_0,q8_0-dequant", "p0,q4_0,q4_0-dequant",
        "p1,f32,f32", "p1,q8_0,q8_0-dequant", "p1,q4_0,q4_0-dequant"
    })
    void givesTheLogitsOfATrainedModel(String prompt, String format, String golden) {
        Path folder = ReferenceData.require("parity/stories260K");
        int[] tokens = ints(object(ReferenceJson.read(folder.resolve(prompt + ".tokens.json")))
                .get("tokens"));
        try (Model model = Model.open(folder.resolve("stories260K-" + format + ".gguf"), Float32Device.options())) {
            assertClose(floats(folder.resolve(prompt + "." + golden + ".logits.f32")), model.logits(tokens), 1e-4);
        }
    }

    /** Needs no reference data: the scalar path is the oracle of the one that this machine would choose. */
    @ParameterizedTest
    @EnumSource(FormatMix.class)
    void everyPathGivesTheLogitsOfTheScalarOne(FormatMix mix) {
        int[] tokens =
                IntStream.range(0, 70).map(i -> (i * 37 + 5) % TinyModel.VOCAB).toArray();
        for (DenseShape shape : List.of(TinyModel.llama(), TinyModel.qwen2(), TinyModel.qwen3())) {
            Path file = TinyModel.write(folder.resolve(shape.architecture() + mix + ".gguf"), shape, mix, 7);
            float[][] expected;
            try (Model model = Model.open(file, ModelOptions.defaults().withDevice(Device.REFERENCE))) {
                assertEquals(Device.REFERENCE, model.device().device());
                assertEquals(shape.architecture(), model.architecture());
                expected = model.logits(tokens);
            }
            try (Model model = Model.open(file)) {
                float[] flat = new float[tokens.length * TinyModel.VOCAB];
                for (int t = 0; t < tokens.length; t++) {
                    System.arraycopy(expected[t], 0, flat, t * TinyModel.VOCAB, TinyModel.VOCAB);
                }
                if (model.device().device().roundsToBfloat16()) {
                    assertNear(flat, model.logits(tokens), 0.02);
                } else {
                    assertClose(flat, model.logits(tokens), 1e-3);
                }
            }
        }
    }

    @Test
    void aVocabularyOfAnotherSizeIsRefused() {
        DenseShape more = new DenseShape(
                "llama",
                RopeSpec.Pairing.ADJACENT,
                1,
                32,
                2,
                2,
                16,
                32,
                TinyModel.VOCAB + 5,
                64,
                1e4,
                true,
                false,
                false);
        Path file = TinyModel.write(folder.resolve("more.gguf"), more, FormatMix.F32, 1);
        String message =
                assertThrows(BadInputException.class, () -> Model.open(file)).getMessage();
        assertTrue(message.contains("259") && message.contains("264") && message.contains("more.gguf"), message);
    }

    /** Rather than the end of the process by a signal. */
    @Test
    void aFileCutShortIsNamedByWhateverComputesNext() throws Exception {
        Path file = TinyModel.write(folder.resolve("tiny.gguf"), TinyModel.llama(), FormatMix.Q8_0, 1);
        long size = Files.size(file);
        try (Model model = Model.open(file)) {
            Generator generator =
                    model.generator().prompt("a").maxTokens(4).seed(1).endless(true);
            int[] before = generator.generate().tokens();
            byte[] whole = Files.readAllBytes(file);
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
                channel.truncate(size / 3);
            }
            String message =
                    assertThrows(BadInputException.class, generator::generate).getMessage();
            assertTrue(message.contains(file.toString()) && message.contains(Long.toString(size)), message);
            assertThrows(BadInputException.class, () -> model.logits(new int[] {1, 2}));
            try (TrainingRun run = training(model)) {
                message = assertThrows(BadInputException.class, run::await).getMessage();
                assertTrue(message.contains(file.toString()), message);
            }
            Files.write(file, whole); // in place
            assertArrayEquals(before, generator.generate().tokens());
        }
    }

    private TrainingRun training(Model model) {
        return Trainer.on(model)
                .lora(TinyTraining.lora())
                .config(TinyTraining.config())
                .examples(TinyTraining.counting(4, 1))
                .output(folder.resolve("out"))
                .start();
    }

    @Test
    void aSyntheticModelHasTheSizeOfTheRealOneAndTakesIds() {
        try (Model model =
                Model.synthetic(Shape.parse("smollm2-135m"), WeightFormat.parse("q4_0"), 1, ModelOptions.defaults())) {
            assertEquals(134_515_008, model.parameterCount());
            Generation generation =
                    model.generator().tokens(1, 2, 3).maxTokens(2).generate();
            assertEquals(2, generation.tokens().length);
            assertEquals("", generation.text());
            assertThrows(IllegalStateException.class, model::tokenizer);
        }
    }

    /** The norm of the difference over the norm of what is expected: operands have three digits. */
    private static void assertNear(float[] expected, float[][] found, double tolerance) {
        double ratio = distance(expected, found, 0, found.length);
        assertTrue(ratio <= tolerance, "difference " + ratio + " of the norm, tolerance " + tolerance);
    }

    /** The same of the median token. */
    private static void assertMostAreNear(float[] expected, float[][] found, double tolerance) {
        double[] ratios = IntStream.range(0, found.length)
                .mapToDouble(t -> distance(expected, found, t, t + 1))
                .sorted()
                .toArray();
        double median = ratios[ratios.length / 2];
        assertTrue(median <= tolerance, "difference " + median + " of the median token, tolerance " + tolerance);
    }

    private static double distance(float[] expected, float[][] found, int begin, int end) {
        double difference = 0;
        double norm = 0;
        for (int t = begin; t < end; t++) {
            for (int v = 0; v < found[t].length; v++) {
                double wanted = expected[t * found[t].length + v];
                difference += (wanted - found[t][v]) * (wanted - found[t][v]);
                norm += wanted * wanted;
            }
        }
        return Math.sqrt(difference / norm);
    }

    private static void assertClose(float[] expected, float[][] found, double tolerance) {
        assertEquals(expected.length, found.length * found[0].length);
        double worst = 0;
        for (int t = 0; t < found.length; t++) {
            for (int v = 0; v < found[t].length; v++) {
                worst = Math.max(worst, Math.abs(expected[t * found[t].length + v] - found[t][v]));
            }
        }
        assertTrue(worst <= tolerance, "largest difference " + worst + ", tolerance " + tolerance);
    }
}
