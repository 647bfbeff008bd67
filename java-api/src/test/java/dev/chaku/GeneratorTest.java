package dev.chaku;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import dev.chaku.errors.OperationCancelledException;
import dev.chaku.generate.FinishReason;
import dev.chaku.generate.Generation;
import dev.chaku.generate.OutputForm;
import dev.chaku.internal.arch.FormatMix;
import dev.chaku.text.template.ChatTemplate;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GeneratorTest {
    @TempDir
    Path folder;

    private Model tiny() {
        return Model.open(
                TinyModel.write(folder.resolve("tiny.gguf"), TinyModel.llama(), FormatMix.F32, 1),
                Float32Device.options());
    }

    /** Text that llama.cpp and a float64 computation agree on, word for word. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3})
    void tellsTheStoriesOfTheReference(int number) {
        Path data = ReferenceData.require("parity/stories260K");
        Map<String, Object> golden =
                ReferenceJson.object(ReferenceJson.read(data.resolve("greedy-f32-" + number + ".json")));
        int[] ids = ReferenceJson.ints(golden.get("ids"));
        int promptTokens = ((Number) golden.get("n_prompt")).intValue();
        try (Model model = Model.open(data.resolve("stories260K-f32.gguf"), Float32Device.options())) {
            Generation generation = model.generator()
                    .prompt(golden.get("prompt").toString())
                    .temperature(0)
                    .maxTokens(ids.length - promptTokens)
                    .endless(true)
                    .generate();
            assertEquals(promptTokens, generation.promptTokens());
            assertArrayEquals(Arrays.copyOfRange(ids, promptTokens, ids.length), generation.tokens());
            assertEquals(FinishReason.LENGTH, generation.finishReason());
        }
    }

    @Test
    void decodingStepByStepChoosesWhatAllAtOnceSays() {
        try (Model model = tiny()) {
            int[] prompt = model.tokenizer().encode("A suit of clothes", true, true);
            int[] generated = model.generator()
                    .tokens(prompt)
                    .temperature(0)
                    .maxTokens(20)
                    .endless(true)
                    .generate()
                    .tokens();
            int[] all = Arrays.copyOf(prompt, prompt.length + generated.length);
            System.arraycopy(generated, 0, all, prompt.length, generated.length);
            float[][] logits = model.logits(all);
            for (int i = 0; i < generated.length; i++) {
                float[] row = logits[prompt.length - 1 + i];
                int best = 0;
                for (int v = 1; v < row.length; v++) {
                    best = row[v] > row[best] ? v : best;
                }
                assertEquals(best, generated[i], "token " + i);
            }
        }
    }

    @Test
    void aKnownBeginningChangesNothingButTheWork() {
        try (Model model = tiny()) {
            Generator generator = model.generator()
                    .prompt("Two llamas walk")
                    .maxTokens(30)
                    .seed(3)
                    .endless(true);
            Generation first = generator.generate();
            Generation second = generator.generate();
            assertEquals(0, first.cachedTokens());
            assertEquals(first.promptTokens() - 1, second.cachedTokens());
            assertArrayEquals(first.tokens(), second.tokens());
        }
    }

    @Test
    void streamsTheTextAndStopsBeforeAStopString() {
        try (Model model = tiny()) {
            Generator generator =
                    model.generator().prompt("x").maxTokens(40).seed(5).endless(true);
            String whole = generator.generate().text();
            String stop = whole.substring(whole.length() / 2, whole.length() / 2 + 2);
            List<String> pieces = new ArrayList<>();
            Generation stopped = generator.stop(stop).onText(pieces::add).generate();
            assertEquals(whole.substring(0, whole.indexOf(stop)), stopped.text());
            assertEquals(stopped.text(), String.join("", pieces));
            assertEquals(FinishReason.STOP, stopped.finishReason());
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void cancellationComesFromAnotherThread() throws Exception {
        try (Model model = tiny()) {
            CountDownLatch begun = new CountDownLatch(1);
            CountDownLatch cancelled = new CountDownLatch(1);
            Generator generator = model.generator()
                    .prompt("y")
                    .maxTokens(500)
                    .endless(true)
                    .onText(piece -> {
                        begun.countDown();
                        await(cancelled); // Without this the text might be complete before the cancel comes.
                    });
            CompletableFuture<Generation> running = CompletableFuture.supplyAsync(generator::generate);
            begun.await();
            generator.cancel();
            cancelled.countDown();
            Generation generation = running.get();
            assertEquals(FinishReason.CANCELLED, generation.finishReason());
            assertTrue(
                    generation.tokens().length > 0 && generation.tokens().length < 500,
                    generation.tokens().length + " tokens");
        }
    }

    @Test
    void severalGeneratorsWorkAtOnce() throws Exception {
        try (Model model = tiny()) {
            Generation alone = model.generator()
                    .prompt("abc")
                    .maxTokens(40)
                    .seed(1)
                    .endless(true)
                    .generate();
            List<CompletableFuture<Generation>> all = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                Generator generator =
                        model.generator().prompt("abc").maxTokens(40).seed(1).endless(true);
                all.add(CompletableFuture.supplyAsync(generator::generate));
            }
            for (CompletableFuture<Generation> one : all) {
                assertArrayEquals(alone.tokens(), one.get().tokens());
            }
        }
    }

    @Test
    void theContextIsALimitWithANumber() {
        try (Model model = tiny()) {
            int[] tooMany = new int[TinyModel.CONTEXT + 1];
            BadInputException e = assertThrows(
                    BadInputException.class,
                    () -> model.generator().tokens(tooMany).generate());
            assertTrue(e.getMessage().contains("512") && e.getMessage().contains("513"), e.getMessage());
            int[] nearlyFull = new int[TinyModel.CONTEXT - 3];
            Generation generation = model.generator()
                    .tokens(nearlyFull)
                    .maxTokens(100)
                    .endless(true)
                    .generate();
            assertEquals(FinishReason.LENGTH, generation.finishReason());
            assertEquals(4, generation.tokens().length);
        }
    }

    @Test
    void aClosedModelGeneratesNothing() {
        Model model = tiny();
        Generator generator = model.generator().prompt("z").maxTokens(3);
        generator.generate();
        model.close();
        model.close();
        assertThrows(IllegalStateException.class, generator::generate);
    }

    /** The thread's interrupt is no lost one: whoever interrupts learns that the work has ended, and why. */
    @Test
    void anInterruptEndsAGeneration() {
        try (Model model = tiny()) {
            Generator generator = model.generator().prompt("y").maxTokens(400).endless(true);
            List<String> pieces = new ArrayList<>();
            generator.onText(piece -> {
                pieces.add(piece);
                Thread.currentThread().interrupt();
            });
            assertThrows(OperationCancelledException.class, generator::generate);
            assertTrue(Thread.currentThread().isInterrupted());
            assertEquals(1, pieces.size());
            assertThrows(OperationCancelledException.class, () -> model.logits(new int[] {1, 2}));
            assertThrows(OperationCancelledException.class, generator::generate, "before its first token too");
            assertTrue(Thread.interrupted());
            assertEquals(400, generator.onText(piece -> {}).generate().tokens().length);
        } finally {
            Thread.interrupted();
        }
    }

    @Test
    void aFailingListenerFailsTheGenerationAndHarmsNothing() {
        try (Model model = tiny()) {
            Generator generator = model.generator().prompt("q").maxTokens(10).endless(true);
            generator.onText(piece -> {
                throw new UnsupportedOperationException("listener");
            });
            assertThrows(UnsupportedOperationException.class, generator::generate);
            assertEquals(10, generator.onText(piece -> {}).generate().tokens().length);
        }
    }

    @Test
    void answersHaveTheFormThatIsAskedFor() {
        try (Model model = tiny()) {
            Generator generator =
                    model.generator().prompt("A suit").form(OutputForm.regex("(yes|no)( [a-z]{2,8}){3}\\."));
            for (int seed = 0; seed < 5; seed++) {
                Generation generation = generator.seed(seed).maxTokens(200).generate();
                assertTrue(generation.text().matches("(yes|no)( [a-z]{2,8}){3}\\."), generation.text());
                assertEquals(FinishReason.STOP, generation.finishReason());
                assertTrue(generation.form().orElseThrow().complete());
                Generation told = generator.logprobs(1).generate();
                assertArrayEquals(generation.tokens(), told.tokens(), "with and without probabilities");
                assertEquals(told.tokens().length, told.logprobs().size());
                generator = model.generator().prompt("A suit").form(OutputForm.regex("(yes|no)( [a-z]{2,8}){3}\\."));
            }
            Generation cut = generator.maxTokens(4).generate();
            assertEquals(FinishReason.LENGTH, cut.finishReason());
            assertFalse(cut.form().orElseThrow().complete());
            assertTrue(generator.withoutForm().generate().form().isEmpty());
        }
    }

    @Test
    void choicesSayHowLikelyTheyWere() {
        try (Model model = tiny()) {
            Generator generator = model.generator().prompt("A suit").form(OutputForm.choices("yes", "no"));
            float[][] logits = model.logits(generator.promptTokens());
            float[] row = logits[logits.length - 1];
            double yes = Math.exp(row[model.tokenizer().encode("y", false, false)[0]]);
            double no = Math.exp(row[model.tokenizer().encode("n", false, false)[0]]);
            Generation generation = generator.temperature(0).generate();
            Map<String, Double> choices = generation.form().orElseThrow().choices();
            assertEquals(yes / (yes + no), choices.get("yes"), 1e-6);
            assertEquals(no / (yes + no), choices.get("no"), 1e-6);
            assertEquals(yes > no ? "yes" : "no", generation.text());
            assertEquals(0, generation.decodeTokensPerSecond(), "one prompt, and no step after it");
            BadInputException e = assertThrows(
                    BadInputException.class, () -> model.generator().form(OutputForm.choices("a", "a")));
            assertTrue(e.getMessage().startsWith("choices: expected"), e.getMessage());
        }
    }

    /** A conversation that outgrows the context loses whole turns from its beginning, and says how many messages. */
    @Test
    void anOverlongConversationLosesItsOldestTurns() {
        try (Model model = tiny()) {
            ChatTemplate template = model.chat("chatml");
            List<Map<String, Object>> messages = new ArrayList<>();
            messages.add(Map.of("role", "system", "content", "Be brief."));
            for (int i = 0; i < 12; i++) {
                messages.add(Map.of("role", "user", "content", "question " + i + " ?".repeat(12)));
                messages.add(Map.of("role", "assistant", "content", "answer " + i));
            }
            messages.add(Map.of("role", "user", "content", "and now?"));
            Generator generator = model.generator();
            int dropped = generator.chatWithin(messages, template, 40);
            assertTrue(dropped > 0 && dropped % 2 == 0, dropped + " messages");
            assertTrue(generator.promptTokens().length <= model.contextLength() - 40);
            List<Map<String, Object>> kept = new ArrayList<>(messages.subList(0, 1));
            kept.addAll(messages.subList(1 + dropped, messages.size()));
            assertArrayEquals(generator.chatTokens(kept, template), generator.promptTokens());
            List<Map<String, Object>> withOneMore = new ArrayList<>(messages.subList(0, 1));
            withOneMore.addAll(messages.subList(1 + dropped - 2, messages.size()));
            assertTrue(
                    generator.chatTokens(withOneMore, template).length > model.contextLength() - 40,
                    "no more than needed is left out");
            assertEquals(0, generator.chatWithin(kept, template, 40));
            List<Map<String, Object>> tooLong = List.of(Map.of("role", "user", "content", "x".repeat(3000)));
            BadInputException e =
                    assertThrows(BadInputException.class, () -> generator.chatWithin(tooLong, template, 40));
            assertTrue(e.getMessage().contains("512"), e.getMessage());
        }
    }
}
