package dev.chaku;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.data.ChatRenderer;
import dev.chaku.data.Dataset;
import dev.chaku.data.Example;
import dev.chaku.data.PromptEncoder;
import dev.chaku.errors.BadInputException;
import dev.chaku.eval.Check;
import dev.chaku.eval.Evaluation;
import dev.chaku.eval.Metric;
import dev.chaku.eval.Metrics;
import dev.chaku.eval.VariantResult;
import dev.chaku.gguf.GgmlType;
import dev.chaku.internal.arch.FormatMix;
import dev.chaku.internal.eval.Question;
import dev.chaku.internal.eval.QuestionReader;
import dev.chaku.text.template.ChatTemplate;
import dev.chaku.train.TrainingProgress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EvaluatorTest {
    @TempDir
    Path folder;

    private Model base;
    private int runs;

    @BeforeEach
    void openBase() {
        Path file = TinyModel.write(folder.resolve("base.gguf"), TinyModel.llama(), FormatMix.F32, 1);
        base = Model.open(file, Float32Device.options());
    }

    @AfterEach
    void closeBase() {
        base.close();
    }

    private static Dataset sums(int n) {
        List<Example> examples = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            examples.add(new Example.PromptCompletion("sums:" + i, i % 8 + "+1=", Integer.toString(i % 8 + 1)));
        }
        return Dataset.of(examples);
    }

    private Adapter trained(Dataset data) {
        try (TrainingRun run = Trainer.on(base)
                .lora(TinyTraining.lora())
                .config(TinyTraining.config()
                        .with(c -> c.maxSteps(200).epochs(50).learningRate(0.03)))
                .data(data)
                .output(folder.resolve("out" + runs++))
                .start()) {
            return run.await();
        }
    }

    /** Answers on the way become right, are kept to be read, and change nothing of the run. */
    @Test
    void validationsAskTheAdapter() throws IOException {
        Dataset data = sums(40);
        Trainer trainer = Trainer.on(base)
                .lora(TinyTraining.lora())
                .config(TinyTraining.config().with(c -> c.maxSteps(200)
                        .epochs(50)
                        .learningRate(0.03)
                        .evalSteps(50)
                        .evalAnswers(20)))
                .data(data)
                .evalData(data);
        List<TrainingProgress> seen = new ArrayList<>();
        Path out = folder.resolve("asked");
        try (TrainingRun run = trainer.output(out)
                        .onProgress(p -> {
                            if (p.evaluated() || p.step() == 1) {
                                seen.add(p);
                            }
                        })
                        .start();
                Adapter asked = run.await();
                Adapter plain = trained(data)) {
            assertEquals(TinyTraining.bits(plain), TinyTraining.bits(asked));
            assertEquals(Map.of(), seen.get(0).evalAnswers());
            TrainingProgress last = run.awaitProgress();
            assertEquals(
                    Set.of("label_accuracy", "exact_match"), last.evalAnswers().keySet());
            assertTrue(
                    last.evalAnswers().get("label_accuracy") > 0.8,
                    last.evalAnswers().toString());
            assertEquals(
                    Math.exp(last.evalLoss().orElseThrow()),
                    last.evalPerplexity().orElseThrow());
            Evaluation after =
                    Evaluator.of(base, data).adapter("mine", asked, 1).evaluate();
            assertEquals(last.evalAnswers().keySet(), metricsWithoutLoss(after));
        }
        assertEquals(3, seen.size());
        assertEquals(
                20, Files.readAllLines(out.resolve("answers-00000100.jsonl")).size());
        String line = Files.readAllLines(out.resolve("log.jsonl")).get(49);
        assertTrue(line.contains("\"eval_answers_exact_match\":") && line.contains("\"eval_perplexity\":"), line);
        try (TrainingRun again = trainer.resume(true).start()) {
            assertEquals(
                    seen.get(2).evalAnswers(), again.awaitProgress().evalAnswers(), "what a finished run tells again");
        }
    }

    private static Set<String> metricsWithoutLoss(Evaluation found) {
        Set<String> names = new TreeSet<>(found.variants().get(0).metrics().keySet());
        names.remove("loss");
        return names;
    }

    @Test
    void answersNeedQuestions() {
        Trainer trainer = Trainer.on(base)
                .config(TinyTraining.config().with(c -> c.evalAnswers(3)))
                .output(folder.resolve("none"));
        trainer.examples(TinyTraining.counting(24, 7)).evalExamples(TinyTraining.counting(4, 8));
        BadInputException refused = assertThrows(BadInputException.class, trainer::plan);
        assertTrue(refused.getMessage().contains("eval answers: expected validation examples"), refused.getMessage());
        Trainer whole = Trainer.on(base)
                .full(GgmlType.F32)
                .config(TinyTraining.config().with(c -> c.evalAnswers(3)))
                .data(sums(9))
                .evalData(sums(3));
        assertTrue(
                assertThrows(BadInputException.class, whole::plan).getMessage().contains("found a full training"));
    }

    @Test
    void whatWasTrainedIsBetterAndTheTestSaysSo() {
        Dataset data = sums(40);
        try (Adapter adapter = trained(data)) {
            Evaluation found = Evaluator.of(base, data)
                    .bare()
                    .fewShot(2)
                    .adapter("mine", adapter, 1)
                    .trainedOn(data)
                    .generalText(sums(3))
                    .evaluate();
            assertEquals("label_accuracy", found.metric());
            assertEquals(
                    List.of("bare", "few-shot:2", "mine"),
                    found.variants().stream().map(VariantResult::name).toList());
            VariantResult mine = found.variant("mine").orElseThrow();
            VariantResult bare = found.variant("bare").orElseThrow();
            assertTrue(mine.metrics().get("label_accuracy").mean() > 0.8, mine.toString());
            assertTrue(bare.metrics().get("label_accuracy").mean() < 0.3, bare.toString());
            assertTrue(found.advice().startsWith("Take mine"), found.advice());
            // The loss on the references is the scorer's on the same data.
            assertEquals(
                    base.scorer().adapter(adapter).loss(data).loss(),
                    mine.metrics().get("loss").mean(),
                    1e-4);
            assertEquals(0, mine.copied().orElseThrow());
            assertTrue(mine.generalLossOrNaN() < bare.generalLossOrNaN());
            assertTrue(found.variant("few-shot:2").orElseThrow().promptTokens() > 2 * bare.promptTokens());
        }
    }

    /** The losses of checks are the scorer's, and too long a training on few answers fails each of them. */
    @Test
    void checksFindOverFittingAndForgetting() {
        Dataset trained = sums(8);
        Dataset heldOut = Dataset.of(List.of(
                new Example.PromptCompletion("h:0", "3+4=", "7"), new Example.PromptCompletion("h:1", "2+2=", "4")));
        // What a base of random weights likes best is what it writes itself.
        String liked = base.generator()
                .temperature(0)
                .maxTokens(24)
                .prompt("the cow")
                .generate()
                .text();
        Dataset general = Dataset.of(List.of(new Example.Text("g:0", "the cow" + liked)));
        List<Integer> steps = new ArrayList<>();
        List<String> answers = new ArrayList<>();
        try (Adapter adapter = trained(trained)) {
            Evaluation found = Evaluator.of(base, heldOut)
                    .adapter("mine", adapter, 1)
                    .trainedOn(trained)
                    .generalText(general)
                    .onProgress((done, all) -> steps.add(all - done))
                    .onAnswer((variant, answer) -> answers.add(variant + answer.index()))
                    .evaluate();
            assertEquals(
                    List.of("over_fitting", "general_loss", "own_answers", "copied_words"),
                    found.checks().stream().map(Check::name).toList());
            assertEquals(List.of("mine0", "mine1"), answers);
            assertEquals(0, steps.get(steps.size() - 1), "the last step tells that all is done");
            Check fit = found.checks().get(0);
            Scorer worn = base.scorer().adapter(adapter);
            assertEquals(worn.loss(heldOut).loss() - worn.loss(trained).loss(), fit.after(), 1e-9);
            assertEquals(
                    base.scorer().loss(heldOut).loss()
                            - base.scorer().loss(trained).loss(),
                    fit.before(),
                    1e-9);
            Check forgot = found.checks().get(1);
            assertEquals(base.scorer().loss(general).loss(), forgot.before(), 1e-9);
            assertEquals(worn.loss(general).loss(), forgot.after(), 1e-9);
            for (Check check : found.checks().subList(0, 3)) {
                assertTrue(!check.passed() && check.after() - check.before() >= check.threshold(), check.toString());
            }
            assertTrue(found.checks().get(3).passed());
            assertEquals(
                    3,
                    found.warnings().stream()
                            .filter(one -> one.contains("too much from +"))
                            .count());
        }
        try (Adapter nothing = trained(heldOut)) {
            Evaluation found = Evaluator.of(base, heldOut)
                    .adapter("none", nothing, 0)
                    .trainedOn(trained)
                    .generalText(general)
                    .evaluate();
            for (Check check : found.checks()) {
                assertTrue(check.passed(), check.toString());
                assertEquals(check.before(), check.after(), 1e-6, check.toString());
            }
        }
    }

    @Test
    void copiedPassagesAreJudgedByWhatTheTaskAsksFor() {
        EvaluationChecks checks = new EvaluationChecks(
                Evaluator.of(base, sums(1)), new QuestionReader(base.tokenizer(), null, 64), List.of(), () -> {});
        checks.checkCopied("a", 0, 29);
        checks.checkCopied("b", 29, 30);
        checks.checkCopied("c", 40, 40);
        assertEquals(
                List.of(true, false, true),
                checks.checks().stream().map(Check::passed).toList());
    }

    /** A file of answers is gone on with, and answers of another adapter's scale are not taken for it. */
    @Test
    void goesOnFromItsAnswers() throws IOException {
        Dataset data = sums(12);
        Path file = folder.resolve("answers.jsonl");
        Evaluation first =
                Evaluator.of(base, data).bare().limit(5).answers(file).evaluate();
        assertEquals(5, first.examples());
        assertEquals(5, Files.readAllLines(file).size());
        Files.writeString(file, Files.readString(file) + "{\"variant\":\"bare\",\"ind"); // Killed while writing.
        Evaluation whole =
                Evaluator.of(base, data).bare().maxTokens(20).answers(file).evaluate();
        assertEquals(12, whole.examples());
        List<String> lines = Files.readAllLines(file);
        assertEquals(5 + 1 + 12, lines.size(), "other limits of tokens are other questions");
        Evaluation again =
                Evaluator.of(base, data).bare().maxTokens(20).answers(file).evaluate();
        assertEquals(whole.variants().get(0).metrics(), again.variants().get(0).metrics());
        assertEquals(lines, Files.readAllLines(file));
        Path other = Files.writeString(folder.resolve("other.jsonl"), "{\"prompt\": \"x\"}\n{\"prompt\": \"y\"}\n");
        BadInputException fault = assertThrows(
                BadInputException.class, () -> Evaluator.of(base, data).bare().answers(other));
        assertTrue(fault.getMessage().contains("other.jsonl:1"), fault.getMessage());
    }

    @Test
    void choicesAreTheLikeliestContinuation() {
        List<Example> examples = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            examples.add(
                    new Example.PromptCompletion("q:" + i, "Pick " + i + ": ", "a" + i, List.of("a" + i, "b", "c")));
        }
        Evaluation found = Evaluator.of(base, Dataset.of(examples))
                .bare()
                .generating(false)
                .evaluate();
        assertEquals("choice_accuracy", found.metric());
        double right = 0;
        for (Example example : examples) {
            Example.PromptCompletion pair = (Example.PromptCompletion) example;
            var scores = base.scorer().scoreEach(pair.prompt(), pair.choices());
            right += scores.get(0).logprob()
                            >= Math.max(scores.get(1).logprob(), scores.get(2).logprob())
                    ? 1
                    : 0;
        }
        VariantResult bare = found.variants().get(0);
        assertEquals(right / 6, bare.metrics().get("choice_accuracy").mean(), 1e-12);
        assertEquals(Set.of("choice_accuracy", "loss"), bare.metrics().keySet());
        assertEquals(0, bare.seconds());
    }

    /** A conversation's prompt is that of generation, token by token; examples stand before it, the system first. */
    @Test
    void promptsAreThoseOfGeneration() {
        ChatTemplate template = ChatTemplate.parse(
                "test",
                "{% for m in messages %}<{{ m.role }}>{{ m.content }}\n{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}",
                "",
                "");
        ChatRenderer renderer = ChatRenderer.of(template);
        QuestionReader reader = new QuestionReader(base.tokenizer(), renderer, 1000);
        List<Map<String, Object>> asked = List.of(
                Map.of("role", "system", "content", "Be brief."),
                Map.of("role", "user", "content", "Hi"),
                Map.of("role", "assistant", "content", "Hello"),
                Map.of("role", "user", "content", "Bye"));
        List<Map<String, Object>> all = new ArrayList<>(asked);
        all.add(Map.of("role", "assistant", "content", "Farewell"));
        all.add(Map.of("role", "user", "content", "Nobody answers this."));
        Example chat = Example.Chat.of("c:1", all, List.of());
        Question question = reader.read(0, chat, List.of()).orElseThrow();
        assertArrayEquals(new PromptEncoder(base.tokenizer()).chat(asked, List.of(), renderer), question.prompt());
        assertEquals("Farewell", question.reference());
        Example shot = Example.Chat.of(
                "c:2",
                List.of(
                        Map.of("role", "system", "content", "Other."),
                        Map.of("role", "user", "content", "2+2?"),
                        Map.of("role", "assistant", "content", "4")),
                List.of());
        String text = base.tokenizer()
                .decode(reader.read(0, chat, List.of(shot)).orElseThrow().prompt(), true);
        assertTrue(
                text.contains("<system>Be")
                        && text.contains("<user>2+2?\n<assistant>4\n<user>Hi")
                        && !text.contains("Other."),
                text);
    }

    @Test
    void ownMetricsDecide() {
        Metric lengths = new Metric() {
            @Override
            public String name() {
                return "long";
            }

            @Override
            public double score(dev.chaku.eval.Answer answer) {
                return answer.text().length();
            }
        };
        Evaluation found = Evaluator.of(base, sums(4))
                .bare()
                .metrics(List.of(lengths, Metrics.exactMatch()))
                .maxTokens(3)
                .evaluate();
        assertEquals("long", found.metric());
        assertTrue(
                found.warnings().stream().anyMatch(warning -> warning.contains("reached the limit")), found.toString());
    }

    @Test
    void refusesWhatMakesNoSense() {
        assertThrows(BadInputException.class, () -> Evaluator.of(base, sums(2)).evaluate());
        assertThrows(
                BadInputException.class,
                () -> Evaluator.of(base, sums(2)).bare().bare());
        assertThrows(BadInputException.class, () -> Evaluator.of(base, sums(2)).fewShot(0));
        Dataset texts = Dataset.of(List.of(new Example.Text("t:1", "plain")));
        BadInputException fault = assertThrows(
                BadInputException.class, () -> Evaluator.of(base, texts).bare().evaluate());
        assertTrue(fault.getMessage().contains("prompt and an answer"), fault.getMessage());
    }

    /** None of its own, none twice. */
    @Test
    void shotsAreOthers() {
        List<Example> examples = sums(16).examples();
        for (Example asked : examples) {
            List<Example> shots = QuestionReader.shots(examples, asked, 4, 7);
            assertEquals(4, shots.stream().map(Example::promptKey).distinct().count());
            assertTrue(shots.stream().noneMatch(shot -> shot.promptKey().equals(asked.promptKey())));
        }
        assertEquals(7, QuestionReader.shots(examples, examples.get(0), 20, 7).size());
    }
}
