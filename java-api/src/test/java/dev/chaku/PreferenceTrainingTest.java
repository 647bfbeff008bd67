package dev.chaku;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.data.ChatRenderer;
import dev.chaku.data.Dataset;
import dev.chaku.data.EncodedExample;
import dev.chaku.data.Example;
import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgmlType;
import dev.chaku.internal.arch.FormatMix;
import dev.chaku.text.template.ChatTemplate;
import dev.chaku.train.Loss;
import dev.chaku.train.TrainingConfig;
import dev.chaku.train.TrainingProgress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Trainings by losses of preferences. */
class PreferenceTrainingTest {
    private static final ChatRenderer CHAT = ChatRenderer.of(ChatTemplate.parse(
            "plain",
            "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}",
            "",
            ""));

    @TempDir
    Path folder;

    private Path file;
    private Model base;

    @BeforeEach
    void openBase() {
        file = TinyModel.write(folder.resolve("base.gguf"), TinyModel.llama(), FormatMix.Q8_0, 1);
        base = Model.open(file);
    }

    @AfterEach
    void closeBase() {
        base.close();
    }

    /** After a random byte: the chosen answers count up, the rejected ones down. */
    private static List<EncodedExample> pairs(int n, long seed) {
        Random random = new Random(seed);
        List<EncodedExample> pairs = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            int first = 60 + random.nextInt(24);
            pairs.add(counting(first, 1, 6 + random.nextInt(10)));
            pairs.add(counting(first, -1, 6 + random.nextInt(10)));
        }
        return pairs;
    }

    private static EncodedExample counting(int first, int by, int length) {
        int[] tokens = new int[length];
        float[] weights = new float[length];
        for (int t = 0; t < length; t++) {
            tokens[t] = TinyModel.FIRST_BYTE + first + by * t;
            weights[t] = t < length - 1 ? 1 : 0;
        }
        return new EncodedExample(tokens, weights);
    }

    private static Example.Labelled counted(int i, long seed) {
        Random random = new Random(seed * 1000 + i);
        char letter = (char) ('a' + random.nextInt(20));
        boolean wanted = i % 2 == 0;
        StringBuilder answer = new StringBuilder();
        for (int t = 0; t < 6; t++) {
            answer.append((char) (letter + (wanted ? t : -t)));
        }
        return new Example.Labelled(
                "labelled:" + i,
                List.of(Map.of("role", "user", "content", "" + letter)),
                List.of(Map.of("role", "assistant", "content", answer.toString())),
                wanted,
                List.of());
    }

    private static Dataset labelled(int n, long seed) {
        return Dataset.of(Stream.iterate(0, i -> i + 1)
                .limit(n)
                .map(i -> (Example) counted(i, seed))
                .toList());
    }

    static Stream<Loss> pairLosses() {
        return Stream.of(
                Loss.Dpo.defaults(),
                new Loss.Dpo(1, 0.1, true, 0.2),
                Loss.Hinge.defaults(),
                Loss.Ipo.defaults(),
                Loss.Orpo.defaults(),
                Loss.SimPo.defaults());
    }

    private static TrainingConfig config(Loss loss) {
        return TrainingConfig.defaults().with(c -> c.epochs(10)
                .maxSteps(40)
                .maxLength(48)
                .batchTokens(96)
                .gradAccumulation(2)
                .learningRate(5e-3)
                .evalSteps(1)
                .loss(loss));
    }

    private Trainer trainer(Loss loss, String out) {
        Trainer trainer =
                Trainer.on(base).lora(TinyTraining.lora()).config(config(loss)).output(folder.resolve(out));
        return loss instanceof Loss.Kto
                ? trainer.data(labelled(32, 1)).evalData(labelled(12, 2)).chat(CHAT)
                : trainer.examples(pairs(48, 1)).evalExamples(pairs(12, 2));
    }

    private static List<TrainingProgress> run(Trainer trainer) {
        List<TrainingProgress> steps = new ArrayList<>();
        try (TrainingRun run = trainer.onProgress(steps::add).start()) {
            run.await();
        }
        return steps;
    }

    static Stream<Loss> losses() {
        return Stream.concat(pairLosses(), Stream.of(Loss.Kto.defaults()));
    }

    @ParameterizedTest
    @MethodSource("losses")
    void theHeldOutMarginRises(Loss loss) throws IOException {
        List<TrainingProgress> steps = run(trainer(loss, "out"));
        TrainingProgress first = steps.get(0);
        TrainingProgress last = steps.get(steps.size() - 1);
        String what = first + "\n" + last;
        assertTrue(last.evalMargin().orElseThrow() > first.evalMargin().orElseThrow() + 0.05, what);
        assertTrue(last.evalLoss().orElseThrow() < first.evalLoss().orElseThrow(), what);
        assertTrue(last.evalAccuracy().orElseThrow() > 0.85, what);
        String log = Files.readString(folder.resolve("out/log.jsonl"));
        assertTrue(
                log.contains("\"margin\":") && log.contains("\"accuracy\":") && log.contains("\"eval_margin\":"), log);
        assertEquals(loss.needsReference(), Files.exists(folder.resolve("out/reference.txt")));
        assertTrue(Files.readString(folder.resolve("out/config.json")).contains("\"loss\" : \""));
    }

    @Test
    void atTheBeginningNothingIsPreferred() {
        List<TrainingProgress> steps = run(trainer(Loss.Dpo.defaults(), "out")
                .lora(TinyTraining.lora().withDropout(0))
                .config(config(Loss.Dpo.defaults()).with(c -> c.maxSteps(1))));
        assertEquals(0, steps.get(0).margin().orElseThrow(), 1e-4);
        assertEquals(Math.log(2), steps.get(0).loss(), 1e-4);
    }

    /** One step of all data, whether packed or each pair in a row of its own. */
    @ParameterizedTest
    @MethodSource("losses")
    void packedAndUnpackedAgree(Loss loss) {
        Function<Boolean, TrainingProgress> secondStep = packed -> {
            List<TrainingProgress> steps = run(trainer(loss, "out" + packed)
                    .lora(TinyTraining.lora().withDropout(0))
                    .config(config(loss).with(c -> c.packing(packed)
                            .batchTokens(packed ? 192 : 96)
                            .maxSteps(2)
                            .gradAccumulation(64))));
            return steps.get(1);
        };
        TrainingProgress packed = secondStep.apply(true);
        TrainingProgress unpacked = secondStep.apply(false);
        assertEquals(unpacked.tokens(), packed.tokens());
        assertEquals(unpacked.loss(), packed.loss(), 2e-3 * Math.abs(unpacked.loss()));
        assertEquals(unpacked.gradNorm(), packed.gradNorm(), 5e-3 * unpacked.gradNorm());
        assertEquals(unpacked.evalLoss().orElseThrow(), packed.evalLoss().orElseThrow(), 2e-3);
    }

    static Stream<Loss> referenceLosses() {
        return Stream.of(Loss.Dpo.defaults(), Loss.Kto.defaults());
    }

    @ParameterizedTest
    @MethodSource("referenceLosses")
    void aKilledRunEndsWithTheSameBits(Loss loss) throws IOException {
        TrainingConfig saving = config(loss).with(c -> c.saveSteps(3).maxSteps(12));
        List<Integer> expected = finish(trainer(loss, "whole").config(saving));
        Path live = folder.resolve("live");
        Path killed = folder.resolve("out");
        finish(trainer(loss, "live").config(saving).onProgress(p -> {
            if (p.step() == 7) {
                TinyTraining.copy(live, killed);
            }
        }));
        String reference = Files.readString(killed.resolve("reference.txt"));
        assertEquals(Files.readString(folder.resolve("whole/reference.txt")), reference);
        Path again = folder.resolve("again");
        TinyTraining.copy(killed, again);
        Files.delete(again.resolve("reference.txt"));
        Path altered = folder.resolve("altered");
        TinyTraining.copy(killed, altered);
        Files.writeString(altered.resolve("reference.txt"), reference.replaceFirst("\n-", "\n-1"));
        for (Path out : List.of(killed, again, altered)) {
            assertEquals(
                    expected,
                    finish(trainer(loss, out.getFileName().toString())
                            .config(saving)
                            .resume(true)));
            assertEquals(reference, Files.readString(out.resolve("reference.txt")));
        }
        Loss other = loss instanceof Loss.Kto ? new Loss.Kto(0.2, 1, 1) : new Loss.Dpo(0.2, 0, false, 0);
        TinyTraining.copy(killed, folder.resolve("other"));
        BadInputException refused = assertThrows(BadInputException.class, () -> trainer(loss, "other")
                .config(saving.with(c -> c.loss(other)))
                .resume(true)
                .start());
        assertTrue(refused.getMessage().contains("beta: expected 0.1"), refused.getMessage());
    }

    @ParameterizedTest
    @MethodSource("losses")
    void aRunThatIsPausedSavedAndCancelledEndsWithTheSameBits(Loss loss) {
        TrainingConfig config = config(loss).with(c -> c.saveSteps(0).maxSteps(8));
        List<Integer> expected = finish(trainer(loss, "whole").config(config));
        assertEquals(
                folder.resolve("out/checkpoint-00000003"),
                TinyTraining.pauseSaveCancel(trainer(loss, "out").config(config), 3));
        assertEquals(expected, finish(trainer(loss, "out").config(config).resume(true)));
    }

    private static List<Integer> finish(Trainer trainer) {
        try (TrainingRun run = trainer.start()) {
            return TinyTraining.bits(run.await());
        }
    }

    @Test
    void fullTrainingComparesWithItsBeginningToo() {
        List<TrainingProgress> steps = new ArrayList<>();
        Trainer trainer = trainer(Loss.Dpo.defaults(), "out")
                .full(GgmlType.F32)
                .config(config(Loss.Dpo.defaults()).with(c -> c.learningRate(1e-3)))
                .onProgress(steps::add);
        try (TrainingRun run = trainer.start()) {
            run.awaitFile();
        }
        assertTrue(steps.get(39).evalMargin().orElseThrow()
                > steps.get(0).evalMargin().orElseThrow() + 0.05);
    }

    @Test
    void aPairLongerThanARowFindsRoom() {
        List<EncodedExample> longPair = List.of(counting(30, 1, 40), counting(200, -1, 44));
        Trainer trainer = Trainer.on(base)
                .config(config(Loss.Dpo.defaults()).with(c -> c.maxLength(48).batchTokens(48)))
                .examples(longPair)
                .output(folder.resolve("out"));
        assertEquals(84, trainer.plan().rowTokens());
        assertEquals(1, trainer.plan().examples());
    }

    @Test
    void otherDataAreRefused() {
        assertRefused(trainer(Loss.Dpo.defaults(), "a").examples(TinyTraining.counting(3, 1)), "in turn, found 3");
        assertRefused(trainer(Loss.Dpo.defaults(), "a").examples(TinyTraining.untrained(2)), "found none in it");
        assertRefused(trainer(Loss.Kto.defaults(), "a").examples(pairs(2, 1)).evalData(null), "have no labels");
        assertRefused(
                trainer(Loss.Kto.defaults(), "a").config(config(Loss.Dpo.defaults())),
                "labelled:0: expected a prompt with a chosen and a rejected answer");
        assertRefused(
                trainer(Loss.Kto.defaults(), "a")
                        .data(Dataset.of(List.of(new Example.Text("texts:1", "abc"), counted(0, 1)))),
                "labelled as wanted or not");
    }

    private static void assertRefused(Trainer trainer, String expected) {
        BadInputException refused = assertThrows(BadInputException.class, trainer::plan);
        assertTrue(refused.getMessage().contains(expected), refused.getMessage());
    }

    @Test
    void strayAnswersAndLabelsDecideTheResult() {
        TrainingConfig few = config(Loss.Kto.defaults()).with(c -> c.maxSteps(3));
        List<Integer> one = finish(trainer(Loss.Kto.defaults(), "a").config(few));
        assertEquals(one, finish(trainer(Loss.Kto.defaults(), "b").config(few)));
        assertNotEquals(
                one,
                finish(trainer(new Loss.Kto(0.1, 1, 2), "c").config(few.with(c -> c.loss(new Loss.Kto(0.1, 1, 2))))));
    }

    /** On real answers: those of English conversations, cut to what the tiny model holds. */
    @ParameterizedTest
    @MethodSource("losses")
    void theHeldOutMarginRisesOnRealAnswers(Loss loss) {
        boolean kto = loss instanceof Loss.Kto;
        Path data = ReferenceData.require("datasets/llama-factory/" + (kto ? "kto_en_demo.json" : "dpo_en_demo.json"));
        Dataset.Split parts = Dataset.read(data).split(0.2, 3);
        TrainingConfig whole = config(loss)
                .with(c -> c.maxLength(256).batchTokens(1024).maxSteps(40).evalSteps(0));
        Function<TrainingConfig, Double> margin = config -> {
            List<TrainingProgress> steps = run(Trainer.on(base)
                    .data(Dataset.of(parts.train().subList(0, 100)))
                    .evalData(Dataset.of(parts.eval().subList(0, 30)))
                    .chat(CHAT)
                    .config(config)
                    .output(folder.resolve("out" + config.batching().maxSteps())));
            return steps.get(steps.size() - 1).evalMargin().orElseThrow();
        };
        double before = margin.apply(whole.with(c -> c.maxSteps(1).learningRate(1e-12)));
        double after = margin.apply(whole);
        assertTrue(after > before, before + " to " + after);
    }
}
