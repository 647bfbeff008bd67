package dev.chaku;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgmlType;
import dev.chaku.internal.engine.EnginePool;
import dev.chaku.internal.engine.EngineText;
import dev.chaku.internal.io.DirectBuffers;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What rounded activations change of a trained model. */
class ActivationFormatTest {
    private final Path folder = ReferenceData.require("parity/stories260K");

    private Model open(String weights, ActivationFormat activations) {
        return Model.open(
                folder.resolve("stories260K-" + weights + ".gguf"),
                Float32Device.options().withActivations(activations));
    }

    private Map<String, Object> story(int number) {
        return ReferenceJson.object(ReferenceJson.read(folder.resolve("greedy-f32-" + number + ".json")));
    }

    private static int[] generate(Model model, Map<String, Object> story) {
        return model.generator()
                .prompt(story.get("prompt").toString())
                .temperature(0)
                .maxTokens(100)
                .endless(true)
                .generate()
                .tokens();
    }

    @ParameterizedTest
    @CsvSource({"q8_0, 0", "q8_0, 1", "q8_0, 2", "q8_0, 3", "q4_0, 0", "q4_0, 1", "q4_0, 2", "q4_0, 3"})
    void fifteenBitsChooseTheTokensOfFloat32(String weights, int number) {
        try (Model exact = open(weights, ActivationFormat.F32);
                Model rounded = open(weights, ActivationFormat.INT16)) {
            assertArrayEquals(generate(exact, story(number)), generate(rounded, story(number)));
        }
    }

    /** Weights of floats have no codes: not a digit changes. */
    @Test
    void weightsOfFloatsReadFloats() {
        try (Model exact = open("f32", ActivationFormat.F32);
                Model rounded = open("f32", ActivationFormat.INT8)) {
            assertArrayEquals(logits(exact, 0), logits(rounded, 0));
        }
    }

    /**
     * Rounding to multiples of a 127th of a step's largest is an error of 1 / (127 sqrt 12) of it, as a root mean
     * square; where the largest of 128 is 4 times the root mean square, 0.9 % of a product. The twenty products that a
     * number goes through one after another in five layers add up to at most sqrt 20 times that, 4 %. A digit more has
     * 128 times less.
     */
    @ParameterizedTest
    @ValueSource(strings = {"q8_0", "q4_0"})
    void changesLogitsByItsRounding(String weights) {
        for (int number = 0; number < 4; number++) {
            try (Model exact = open(weights, ActivationFormat.F32);
                    Model int16 = open(weights, ActivationFormat.INT16);
                    Model int8 = open(weights, ActivationFormat.INT8)) {
                float[] expected = logits(exact, number);
                double fifteenBits = distance(expected, logits(int16, number));
                double eightBits = distance(expected, logits(int8, number));
                assertTrue(fifteenBits > 0 && fifteenBits < 0.04 / 128, "15 bits: " + fifteenBits);
                assertTrue(eightBits > 10 * fifteenBits && eightBits < 0.04, "8 bits: " + eightBits);
            }
        }
    }

    /** Of each token of the story, computed as the model would have while it wrote it. */
    private float[] logits(Model model, int number) {
        int[] tokens = ReferenceJson.ints(story(number).get("ids"));
        EnginePool.Options options = new EnginePool.Options(
                tokens.length,
                0,
                0,
                0,
                GgmlType.F32,
                model.options().activations().engine());
        try (EnginePool pool = model.loaded().core().pool(options);
                EngineText text = pool.text(tokens.length)) {
            FloatBuffer logits = DirectBuffers.floats(tokens.length * pool.vocabSize());
            pool.compute(
                    List.of(new EnginePool.Part(
                            text, tokens, 0, tokens.length, EnginePool.Role.GENERATED, EnginePool.Logits.ALL)),
                    logits);
            float[] all = new float[logits.capacity()];
            logits.get(0, all);
            return all;
        }
    }

    /** The length of the difference over that of what is expected. */
    private static double distance(float[] expected, float[] found) {
        double off = 0;
        double whole = 0;
        for (int i = 0; i < expected.length; i++) {
            off += Math.pow((double) expected[i] - found[i], 2);
            whole += Math.pow(expected[i], 2);
        }
        return Math.sqrt(off / whole);
    }

    @Test
    void isReadByName() {
        assertEquals(ActivationFormat.INT8, ActivationFormat.parse("Int8"));
        assertEquals(
                "unknown activation format q8_0; known are f32, int16, int8",
                assertThrows(BadInputException.class, () -> ActivationFormat.parse("q8_0"))
                        .getMessage());
        assertEquals(
                List.of("f32", "int16", "int8"),
                Arrays.stream(ActivationFormat.values())
                        .map(ActivationFormat::label)
                        .toList());
    }
}
