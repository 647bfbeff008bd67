package dev.chaku;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.data.Dataset;
import dev.chaku.data.EncodedExample;
import dev.chaku.errors.BadInputException;
import dev.chaku.errors.OperationCancelledException;
import dev.chaku.generate.ContinuationScore;
import dev.chaku.generate.DataLoss;
import dev.chaku.generate.Generation;
import dev.chaku.generate.TokenLogprob;
import dev.chaku.internal.arch.FormatMix;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ScorerTest {
    @TempDir
    Path folder;

    private Model base;

    @BeforeEach
    void openBase() {
        Path file = TinyModel.write(folder.resolve("base.gguf"), TinyModel.llama(), FormatMix.F32, 1);
        base = Model.open(file, Float32Device.options());
    }

    @AfterEach
    void closeBase() {
        base.close();
    }

    /** The log-softmax of all logits at once, in float64. */
    private static double logprob(float[] row, int id) {
        double sum = 0;
        for (float logit : row) {
            sum += Math.exp((double) logit - row[id]);
        }
        return -Math.log(sum);
    }

    @Test
    void saysWhatTheLogitsSay() {
        int[] prompt = base.tokenizer().encodePrompt("two llamas", true);
        int[] continuation = base.tokenizer().encode(" walk over a hill and far away", false, false);
        int[] all = new int[prompt.length + continuation.length];
        System.arraycopy(prompt, 0, all, 0, prompt.length);
        System.arraycopy(continuation, 0, all, prompt.length, continuation.length);
        float[][] logits = base.logits(all);
        ContinuationScore score = base.scorer().score(prompt, continuation);
        assertTrue(continuation.length > 20, "more than one part of " + continuation.length);
        double sum = 0;
        for (int i = 0; i < continuation.length; i++) {
            double expected = logprob(logits[prompt.length - 1 + i], continuation[i]);
            assertEquals(continuation[i], score.tokens().get(i).id());
            assertEquals(expected, score.tokens().get(i).logprob(), 1e-4);
            sum += expected;
        }
        assertEquals(sum, score.logprob(), 1e-3);
        assertEquals(sum / continuation.length, score.meanLogprob(), 1e-4);
    }

    /** What generation says of its tokens, scoring says of them too. */
    @Test
    void agreesWithGeneration() {
        Generation generation = base.generator()
                .prompt("abc")
                .maxTokens(12)
                .temperature(0)
                .endless(true)
                .logprobs(0)
                .generate();
        ContinuationScore score = base.scorer().score(base.tokenizer().encodePrompt("abc", true), generation.tokens());
        for (int i = 0; i < 12; i++) {
            TokenLogprob said = generation.logprobs().get(i);
            assertEquals(said.logprob(), score.tokens().get(i).logprob(), 1e-4);
        }
    }

    @Test
    void ordersLabels() {
        Scorer scorer = base.scorer();
        List<String> labels = List.of("spring", "summer", "autumn");
        List<ContinuationScore> scores = scorer.scoreEach("The season: ", labels);
        for (int i = 0; i < labels.size(); i++) {
            assertEquals(
                    base.scorer().score("The season: ", labels.get(i)).logprob(),
                    scores.get(i).logprob(),
                    1e-4);
        }
        assertEquals(0, scorer.scoreEach("The season: ", List.of()).size());
    }

    @Test
    void theLossIsTheTrainersValidation() throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 30; i++) {
            lines.append("{\"prompt\":\"")
                    .append(i)
                    .append("+1=\",\"completion\":\"")
                    .append(i + 1)
                    .append("\"}\n");
        }
        Dataset data = Dataset.read(Files.writeString(folder.resolve("data.jsonl"), lines));
        try (TrainingRun run = Trainer.on(base)
                        .lora(TinyTraining.lora())
                        .config(TinyTraining.config().with(c -> c.maxSteps(4).learningRate(0.03)))
                        .data(data)
                        .evalData(data)
                        .output(folder.resolve("out"))
                        .start();
                Adapter adapter = run.await()) {
            DataLoss loss = base.scorer().adapter(adapter).loss(data);
            assertEquals(run.awaitProgress().evalLoss().orElseThrow(), loss.loss(), 1e-4);
            assertEquals(run.awaitProgress().evalAccuracy().orElseThrow(), loss.accuracy(), 1e-9);
            assertEquals(30, loss.sequences());
            assertEquals(Math.exp(loss.loss()), loss.perplexity());
            DataLoss bare = base.scorer().loss(data);
            assertTrue(bare.loss() > loss.loss() && bare.tokens() == loss.tokens(), bare + " " + loss);
            assertEquals(bare, base.scorer().adapter(adapter).withoutAdapters().loss(data));
        }
    }

    /** Weights count, and gaps between weighted tokens are passed over. */
    @Test
    void weightsCount() {
        int[] tokens = {1, 40, 41, 42, 43, 44, 45};
        float[] weights = {0, 2, 0, 0, 0.5f, 1, 0};
        float[][] logits = base.logits(tokens);
        double sum = 0;
        for (int i = 0; i < weights.length - 1; i++) {
            sum -= weights[i] * logprob(logits[i], tokens[i + 1]);
        }
        DataLoss loss = base.scorer().loss(List.of(new EncodedExample(tokens, weights)));
        assertEquals(sum / 3.5, loss.loss(), 1e-5);
        assertEquals(3, loss.tokens());
    }

    @Test
    void refusesWhatCannotBeScored() {
        Scorer scorer = base.scorer();
        assertThrows(BadInputException.class, () -> scorer.score("a", ""));
        assertThrows(BadInputException.class, () -> scorer.score(new int[0], new int[] {1}));
        assertThrows(BadInputException.class, () -> scorer.score(new int[] {1}, new int[] {base.vocabSize()}));
        assertThrows(BadInputException.class, () -> scorer.score(new int[TinyModel.CONTEXT], new int[] {1}));
        assertThrows(BadInputException.class, () -> scorer.loss(List.of()));
        assertThrows(BadInputException.class, () -> scorer.maxLength(1));
        Thread.currentThread().interrupt();
        assertThrows(OperationCancelledException.class, () -> scorer.score("a", "b"));
        assertTrue(Thread.interrupted());
        assertArrayEquals(
                new int[] {1},
                scorer.score("a", "b").tokens().stream().mapToInt(t -> 1).toArray());
        base.close();
        assertTrue(assertThrows(IllegalStateException.class, () -> scorer.score("a", "b"))
                .getMessage()
                .contains("the model"));
    }
}
