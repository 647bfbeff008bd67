package dev.chaku;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import dev.chaku.errors.ChakuException;
import dev.chaku.internal.model.TextEncoder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.function.Executable;

class EmbedderTest {
    private static final List<String> TEXTS =
            List.of("The cow lives on Mars.", "a", "Kühe fressen Gras, und das seit langem.", "", "牛吃草");

    /** Of every encoder, on every path of this machine that rounds no operands: within 1e-4 of the golden. */
    @TestFactory
    Stream<DynamicTest> givesTheStatesOfTheRepository() {
        return EncoderModels.all().stream()
                .map(golden -> DynamicTest.dynamicTest(golden.name(), () -> {
                    for (Device device : List.of(Device.REFERENCE, Float32Device.get())) {
                        try (Model model = Model.open(
                                golden.file(), ModelOptions.defaults().withDevice(device))) {
                            float[][] states = new TextEncoder(model.loaded(), 0).states(golden.tokens());
                            for (int t = 0; t < states.length; t++) {
                                assertArrayEquals(golden.states()[t], states[t], 1e-4f, device + ", token " + t);
                            }
                        }
                    }
                }));
    }

    private static Model open(String name) {
        return Model.open(EncoderModels.file(name), Float32Device.options());
    }

    @Test
    void poolsTheStatesOfTokens() {
        try (Model model = open("bert");
                Embedder embedder = model.embedder().normalized(false)) {
            int[] tokens = model.tokenizer().encode(TEXTS.get(0), true, false);
            float[][] states = embedder.states(tokens);
            assertArrayEquals(states[0], embedder.pooling(Pooling.FIRST).embed(TEXTS.get(0)), 1e-6f);
            assertArrayEquals(
                    states[tokens.length - 1], embedder.pooling(Pooling.LAST).embed(TEXTS.get(0)), 1e-6f);
            float[] mean = new float[states[0].length];
            for (float[] row : states) {
                for (int i = 0; i < mean.length; i++) {
                    mean[i] += row[i] / states.length;
                }
            }
            assertArrayEquals(mean, embedder.pooling(Pooling.MEAN).embed(TEXTS.get(0)), 1e-5f);
        }
    }

    /** The same bits alone, among others and in any order, however long they are. */
    @Test
    void aVectorDoesNotDependOnOtherTexts() {
        try (Model model = open("nomic-bert");
                Embedder embedder = model.embedder()) {
            List<String> texts = new ArrayList<>();
            for (int i = 0; i < 60; i++) {
                texts.add("text " + "x".repeat(i * 7 % 50) + i);
            }
            List<float[]> together = embedder.embedAll(texts, TextUse.DOCUMENT);
            for (int i = 0; i < texts.size(); i++) {
                assertArrayEquals(together.get(i), embedder.embed(texts.get(i)));
            }
        }
    }

    @Test
    void vectorsHaveTheLengthOneAndAsManyNumbersAsAskedFor() {
        try (Model model = open("jina-bert-v2");
                Embedder embedder = model.embedder()) {
            assertEquals(32, embedder.dimensions());
            float[] whole = embedder.embed("cow");
            assertEquals(1, squares(whole), 1e-5);
            float[] plain = embedder.normalized(false).embed("cow");
            float[] shorter = embedder.normalized(true).dimensions(8).embed("cow");
            assertEquals(8, shorter.length);
            assertEquals(8, embedder.dimensions());
            double length = Math.sqrt(squares(Arrays.copyOf(plain, 8)));
            for (int i = 0; i < 8; i++) {
                assertEquals(plain[i] / length, shorter[i], 1e-5);
            }
            refused("dimensions", () -> embedder.dimensions(33));
            refused("dimensions", () -> embedder.dimensions(0));
        }
    }

    private static double squares(float[] vector) {
        double sum = 0;
        for (float value : vector) {
            sum += value * value;
        }
        return sum;
    }

    @Test
    void aPrefixStandsBeforeEachTextOfItsUse() {
        try (Model model = open("modern-bert");
                Embedder embedder = model.embedder()) {
            assertEquals("", embedder.prefix(TextUse.QUERY));
            float[] bare = embedder.embed("query: cow");
            embedder.prefix(TextUse.QUERY, "query: ");
            assertArrayEquals(bare, embedder.embed("cow", TextUse.QUERY));
            assertNotEquals(bare[0], embedder.embed("cow", TextUse.DOCUMENT)[0]);
        }
    }

    @Test
    void textsThatAreTooLongAreRefusedOrCut() {
        try (Model model = open("bert");
                Embedder embedder = model.embedder()) {
            String text = "x".repeat(100);
            String message = refused("text 2 of 2", () -> embedder.embedAll(List.of("a", text), TextUse.QUERY));
            assertTrue(message.contains("at most 64 tokens, found"), message);
            embedder.truncates(true);
            assertArrayEquals(embedder.embed(text + "y"), embedder.embed(text + "y".repeat(9)), 1e-6f);
            embedder.truncates(false).maxTokens(5);
            refused("at most 5 tokens", () -> embedder.embed("abcdefg"));
            refused("max tokens", () -> embedder.maxTokens(65));
        }
    }

    @Test
    void modelsThatGenerateGiveVectorsToo() {
        try (Model model = Model.open(SmallModels.require("qwen3"), Float32Device.options());
                Embedder embedder = model.embedder()) {
            assertEquals(Pooling.MEAN, embedder.pooling());
            int[] tokens = model.tokenizer().encode("The cow", true, false);
            float[][] states = embedder.states(tokens);
            assertArrayEquals(
                    states[tokens.length - 1],
                    embedder.pooling(Pooling.LAST).normalized(false).embed("The cow"),
                    1e-6f);
        }
    }

    /** By name, before anything is computed. */
    @Test
    void anEncoderNeitherGeneratesNorIsTrainedNorGivesLogits() {
        try (Model model = open("bert")) {
            for (Executable use : List.<Executable>of(
                    () -> model.generator().prompt("x").generate(),
                    () -> model.logits(new int[] {1, 2}),
                    () -> model.scorer().score("a", "b"))) {
                String message = assertThrows(ChakuException.class, use).getMessage();
                assertTrue(message.contains("encoder"), message);
            }
        }
    }

    @Test
    void aClosedEmbedderGoesOnAndAClosedModelDoesNot() {
        Model model = open("bert");
        Embedder embedder = model.embedder();
        float[] before = embedder.embed("cow");
        embedder.close();
        assertArrayEquals(before, embedder.embed("cow"));
        model.close();
        assertThrows(IllegalStateException.class, () -> embedder.embed("cow"));
    }

    private static String refused(String part, Executable what) {
        String message = assertThrows(BadInputException.class, what).getMessage();
        assertTrue(message.contains(part), message);
        return message;
    }
}
