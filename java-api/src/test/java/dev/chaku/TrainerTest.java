package dev.chaku;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.data.Dataset;
import dev.chaku.data.EncodedExample;
import dev.chaku.data.OverLong;
import dev.chaku.errors.BadInputException;
import dev.chaku.errors.OperationCancelledException;
import dev.chaku.errors.ResourceException;
import dev.chaku.gguf.GgmlType;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufWriter;
import dev.chaku.internal.arch.FormatMix;
import dev.chaku.registry.Lineage;
import dev.chaku.registry.VersionDescription;
import dev.chaku.train.LoraConfig;
import dev.chaku.train.TrainingConfig;
import dev.chaku.train.TrainingPlan;
import dev.chaku.train.TrainingProgress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainerTest {
    @TempDir
    Path folder;

    private Model base;

    @BeforeEach
    void openBase() {
        Path file = TinyModel.write(folder.resolve("base.gguf"), TinyModel.llama(), FormatMix.Q8_0, 1);
        base = Model.open(file, Float32Device.options());
    }

    @AfterEach
    void closeBase() {
        base.close();
    }

    private Trainer trainer() {
        return Trainer.on(base)
                .lora(TinyTraining.lora())
                .config(TinyTraining.config())
                .examples(TinyTraining.counting(24, 7))
                .output(folder.resolve("out"));
    }

    private static String refusal(Trainer trainer) {
        return assertThrows(BadInputException.class, trainer::start).getMessage();
    }

    @Test
    void learns() throws Exception {
        List<TrainingProgress> seen = Collections.synchronizedList(new ArrayList<>());
        Trainer trainer = trainer()
                .config(TinyTraining.config().with(c -> c.learningRate(0.03)))
                .evalExamples(TinyTraining.counting(6, 8))
                .onProgress(seen::add);
        TrainingPlan plan = trainer.plan();
        try (TrainingRun run = trainer.start()) {
            Adapter adapter = run.await();
            assertEquals(4, adapter.rank());
            assertEquals(6, adapter.adaptedProducts());
            assertEquals(plan.parameters(), adapter.parameterCount());
            assertEquals(20, seen.size());
            assertEquals(20, plan.steps());
            TrainingProgress first = seen.get(0);
            TrainingProgress last = seen.get(19);
            assertTrue(last.loss() < 0.8 * first.loss(), first.loss() + " to " + last.loss());
            assertTrue(last.smoothedLoss() > last.loss() && last.smoothedLoss() < first.loss());
            assertEquals(20, last.totalSteps());
            assertTrue(last.evaluated() && last.evalAccuracy().orElseThrow() <= 1);
            assertTrue(last.evalLoss().orElseThrow() < seen.get(1).evalLoss().orElseThrow());
            assertTrue(last.gradNorm() > 0 && last.tokensPerSecond() > 0 && last.tokens() > first.tokens());
            assertEquals(0, last.skippedSteps());
        }
        assertTrue(Files.readString(folder.resolve("out/loss.svg")).startsWith("<svg"));
        assertEquals(20, Files.readAllLines(folder.resolve("out/log.jsonl")).size());
        String config = Files.readString(folder.resolve("out/config.json"));
        assertTrue(config.contains("\"learning_rate\" : 0.03"), config);
        assertTrue(config.contains("\"base_name\" : \"tiny\"") && config.contains("\"chaku_version\" : \"0."), config);
        GgufFile file = GgufFile.read(folder.resolve("out/adapter.gguf"));
        assertEquals(64, file.metadata().requireString("chaku.base.sha256").length());
        assertEquals(config, file.metadata().requireString("chaku.training"));
    }

    @Test
    void snapshotsShowTheAdapterOnItsWayAndChangeNothing() throws IOException {
        List<Integer> steps = new ArrayList<>();
        List<Double> losses = new ArrayList<>();
        EncodedExample asked = TinyTraining.counting(1, 8).get(0);
        Trainer trainer = trainer()
                .config(TinyTraining.config().with(c -> c.learningRate(0.03)))
                .snapshots(3, (progress, adapter) -> {
                    steps.add(progress.step());
                    losses.add(
                            base.scorer().adapter(adapter).loss(List.of(asked)).loss());
                    throw new IllegalArgumentException("what a listener throws ends nothing");
                });
        try (TrainingRun run = trainer.start();
                Adapter end = run.await()) {
            assertEquals(List.of(5, 10, 15), steps);
            losses.add(base.scorer().adapter(end).loss(List.of(asked)).loss());
        }
        assertTrue(losses.get(0) > losses.get(2) && losses.get(0) > losses.get(3), losses.toString());
        assertEquals(4, losses.stream().distinct().count(), "each shows another adapter");
        try (Stream<Path> left = Files.list(folder.resolve("out"))) {
            assertEquals(
                    List.of(),
                    left.filter(file -> file.toString().endsWith(".tmp")).toList());
        }
        try (TrainingRun plain = trainer()
                .config(TinyTraining.config().with(c -> c.learningRate(0.03)))
                .output(folder.resolve("plain"))
                .start()) {
            plain.await();
        }
        assertEquals(
                -1,
                Files.mismatch(folder.resolve("out/adapter.gguf"), folder.resolve("plain/adapter.gguf")),
                "the same bits");
    }

    /**
     * The base's licence goes along with what was trained on it, in the run's settings and in the adapter's own keys.
     */
    @Test
    void theLicenceOfTheBaseIsKept() throws IOException {
        Path licensed = folder.resolve("licensed.gguf");
        TinyModel.write(
                GgufWriter.to(licensed).put("general.license", "apache-2.0"),
                licensed,
                TinyModel.llama(),
                FormatMix.F32,
                1);
        Path out = folder.resolve("licensed");
        try (Model model = Model.open(licensed);
                TrainingRun run = Trainer.on(model)
                        .lora(TinyTraining.lora())
                        .config(TinyTraining.config().with(c -> c.maxSteps(1)))
                        .examples(TinyTraining.counting(4, 1))
                        .output(out)
                        .start()) {
            run.awaitFile();
        }
        assertEquals("apache-2.0", VersionDescription.of(out).licences().base());
        Lineage lineage = VersionDescription.of(out.resolve("adapter.gguf")).lineage();
        assertEquals("tiny", lineage.base().name());
        assertEquals(4, lineage.data().examples());
        assertEquals(64, lineage.data().sha256().length());
        assertEquals(
                "apache-2.0",
                GgufFile.read(out.resolve("adapter.gguf")).metadata().requireString("chaku.base.license"));
    }

    /** What was learned goes over to inference: the loss that the logits say is the one that validation said. */
    @Test
    void theAdapterSaysWhatTheTrainerSaid() {
        List<EncodedExample> held = TinyTraining.counting(1, 9);
        Trainer trainer = trainer().evalExamples(held);
        try (TrainingRun run = trainer.start()) {
            Adapter adapter = run.await();
            double said = run.awaitProgress().evalLoss().orElseThrow();
            int[] tokens = held.get(0).tokens();
            float[] logits = AdapterTest.logits(base, tokens, List.of(adapter), 1);
            double sum = 0;
            for (int t = 0; t < tokens.length - 1; t++) {
                sum += held.get(0).weights()[t] * crossEntropy(logits, t * base.vocabSize(), tokens[t + 1]);
            }
            assertEquals(sum / held.get(0).weight(), said, 1e-4);
        }
    }

    private double crossEntropy(float[] logits, int from, int target) {
        double most = Double.NEGATIVE_INFINITY;
        for (int v = 0; v < base.vocabSize(); v++) {
            most = Math.max(most, logits[from + v]);
        }
        double sum = 0;
        for (int v = 0; v < base.vocabSize(); v++) {
            sum += Math.exp(logits[from + v] - most);
        }
        return most + Math.log(sum) - logits[from + target];
    }

    @Test
    void theNumberOfThreadsChangesNoBit() {
        List<Integer> two;
        try (TrainingRun run = trainer().start()) {
            two = TinyTraining.bits(run.await());
        }
        Path file = base.path().orElseThrow();
        try (Model one = Model.open(file, Float32Device.options().withThreads(1));
                TrainingRun run = Trainer.on(one)
                        .lora(TinyTraining.lora())
                        .config(TinyTraining.config())
                        .examples(TinyTraining.counting(24, 7))
                        .output(folder.resolve("one"))
                        .start()) {
            assertEquals(TinyTraining.bits(run.await()), two);
        }
    }

    /** Micro-batches of different numbers of trained tokens count by token, not by micro-batch. */
    @Test
    void accumulationIsOneLargeBatch() {
        List<EncodedExample> data = TinyTraining.counting(8, 3);
        LoraConfig lora = TinyTraining.lora().withDropout(0);
        TrainingConfig whole = TinyTraining.config()
                .with(c -> c.maxSteps(3).batchTokens(256).gradAccumulation(1).warmupSteps(0));
        TrainingConfig parts = whole.with(c -> c.packing(false).batchTokens(32).gradAccumulation(8));
        try (TrainingRun one = trainer().lora(lora).examples(data).config(whole).start();
                TrainingRun many = trainer()
                        .lora(lora)
                        .examples(data)
                        .config(parts)
                        .output(folder.resolve("parts"))
                        .start()) {
            float[] a = one.await().weights().pairs().get(0).b();
            float[] b = many.await().weights().pairs().get(0).b();
            assertArrayEquals(a, b, 2e-4f);
        }
    }

    @Test
    void trainsWholeModels() {
        Path file = TinyModel.write(folder.resolve("random.gguf"), TinyModel.qwen3(), FormatMix.F32, 2);
        List<TrainingProgress> seen = Collections.synchronizedList(new ArrayList<>());
        try (Model random = Model.open(file);
                TrainingRun run = Trainer.on(random)
                        .full(GgmlType.F16)
                        .config(TinyTraining.config().with(c -> c.learningRate(3e-3)))
                        .examples(TinyTraining.counting(24, 7))
                        .evalExamples(TinyTraining.counting(1, 9))
                        .output(folder.resolve("full"))
                        .onProgress(seen::add)
                        .start()) {
            Path written = run.awaitFile();
            assertTrue(seen.get(19).loss() < 0.8 * seen.get(0).loss());
            assertThrows(IllegalStateException.class, run::await);
            try (Model trained = Model.open(written)) {
                assertEquals(
                        GgmlType.F16,
                        GgufFile.read(written)
                                .requireTensor("blk.0.attn_q.weight")
                                .type());
                assertEquals(1, trained.metadata().requireInt("general.file_type"));
                EncodedExample held = TinyTraining.counting(1, 9).get(0);
                float[][] logits = trained.logits(held.tokens());
                double sum = 0;
                for (int t = 0; t < held.length() - 1; t++) {
                    sum += held.weights()[t] * crossEntropy(logits[t], 0, held.tokens()[t + 1]);
                }
                assertEquals(seen.get(19).evalLoss().orElseThrow(), sum / held.weight(), 2e-2);
            }
        }
    }

    @Test
    void stopsEarlyAndKeepsTheBest() {
        // A learning rate that soon does harm: the best parameters are not the last.
        TrainingConfig config = TinyTraining.config().with(c -> c.learningRate(0.5)
                .maxGradNorm(0)
                .warmupSteps(0)
                .evalSteps(1)
                .earlyStopping(3));
        List<TrainingProgress> seen = Collections.synchronizedList(new ArrayList<>());
        List<EncodedExample> held = TinyTraining.counting(1, 9);
        Trainer trainer = trainer().config(config).evalExamples(held).onProgress(seen::add);
        try (TrainingRun run = trainer.start()) {
            Adapter adapter = run.await();
            assertTrue(seen.size() < 20, "stopped after " + seen.size());
            double best = seen.stream()
                    .mapToDouble(p -> p.evalLoss().orElseThrow())
                    .min()
                    .orElseThrow();
            assertEquals(best, seen.get(seen.size() - 4).evalLoss().orElseThrow());
            int[] tokens = held.get(0).tokens();
            float[] logits = AdapterTest.logits(base, tokens, List.of(adapter), 1);
            double sum = 0;
            for (int t = 0; t < tokens.length - 1; t++) {
                sum += held.get(0).weights()[t] * crossEntropy(logits, t * base.vocabSize(), tokens[t + 1]);
            }
            assertEquals(best, sum / held.get(0).weight(), 1e-3 * best);
        }
        assertTrue(
                refusal(trainer().config(config).output(folder.resolve("none"))).contains("needs validation examples"));
    }

    private Dataset dataset(int n) throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < n; i++) {
            lines.append("{\"prompt\":\"")
                    .append(i)
                    .append("+1=\",\"completion\":\"")
                    .append(i + 1)
                    .append("\"}\n");
        }
        return Dataset.read(Files.writeString(folder.resolve("data" + n + ".jsonl"), lines));
    }

    @Test
    void encodesDataSetsAndSetsAShareAside() throws IOException {
        Trainer trainer = trainer().data(dataset(20)).evalSplit(0.25);
        TrainingPlan plan = trainer.plan();
        assertEquals(15, plan.examples());
        assertTrue(plan.trainedTokensPerEpoch() < plan.tokensPerEpoch());
        assertEquals(
                0,
                plan.records().truncated()
                        + plan.records().split()
                        + plan.records().dropped()
                        + plan.records().turnsApart());
        try (TrainingRun run =
                trainer.config(TinyTraining.config().with(c -> c.maxSteps(1))).start()) {
            run.await();
            assertEquals(plan.examples(), run.plan().examples());
            assertTrue(run.awaitProgress().evalLoss().isPresent());
        }
        assertEquals(20, trainer.evalSplit(0).evalData(dataset(3)).plan().examples());
        assertThrows(BadInputException.class, () -> trainer.evalSplit(0.5).plan());
        assertThrows(BadInputException.class, () -> trainer.evalSplit(1));
    }

    /** The longest that can be asked for is what the model can, whether rows are packed or not. */
    @Test
    void maxLengthMayBeAnything() throws IOException {
        TrainingConfig anything =
                TinyTraining.config().with(c -> c.maxLength(Integer.MAX_VALUE).maxSteps(1));
        TrainingConfig context = anything.with(c -> c.maxLength(TinyModel.CONTEXT));
        TrainingPlan expected = trainer().data(dataset(20)).config(context).plan();
        TrainingPlan plan = trainer().data(dataset(20)).config(anything).plan();
        assertEquals(expected.rowsPerEpoch(), plan.rowsPerEpoch());
        assertEquals(expected.memory().training(), plan.memory().training());
        try (TrainingRun run = trainer()
                .data(dataset(20))
                .config(anything.with(c -> c.packing(false)))
                .start()) {
            assertEquals(4, run.await().rank());
        }
    }

    @Test
    void trainsPromptsTooWhereAskedTo() throws IOException {
        TrainingPlan answers = trainer().data(dataset(20)).plan();
        TrainingPlan all = trainer().data(dataset(20)).trainOnAll(true).plan();
        assertEquals(answers.tokensPerEpoch(), all.tokensPerEpoch());
        // The first token of each example is predicted from nothing.
        assertEquals(all.tokensPerEpoch() - 20, all.trainedTokensPerEpoch());
        assertTrue(answers.trainedTokensPerEpoch() < all.trainedTokensPerEpoch());
    }

    @Test
    void saysWhatBecomesOfLongExamples() throws IOException {
        Path file = Files.writeString(folder.resolve("long.jsonl"), "{\"text\":\"" + "x".repeat(100) + "\"}\n");
        Trainer trainer = trainer().data(Dataset.read(file));
        assertEquals(1, trainer.plan().records().truncated());
        assertEquals(32, trainer.plan().tokensPerEpoch());
        assertEquals(1, trainer.overLong(OverLong.SPLIT).plan().records().split());
        String message = refusal(trainer.overLong(OverLong.DROP));
        assertEquals("no example to train on: all 1 were left out", message);
        assertTrue(refusal(trainer.overLong(OverLong.ERROR)).contains("long.jsonl:1"));
    }

    @Test
    void refusesDataThatTrainNothing() {
        assertTrue(refusal(trainer().examples(List.of())).contains("no example to train on"));
        assertEquals(
                "no token of any example is trained: every weight is 0",
                refusal(trainer().examples(TinyTraining.untrained(3))));
        EncodedExample outside = new EncodedExample(new int[] {1, base.vocabSize()}, new float[] {1, 0});
        assertTrue(refusal(trainer().examples(List.of(outside)))
                .contains("example 1: expected token ids below 259, found 259"));
        EncodedExample longer = new EncodedExample(new int[33], ones(33));
        assertTrue(refusal(trainer().examples(List.of(longer))).contains("example 1: expected at most 32 tokens"));
        assertFalse(Files.exists(folder.resolve("out")), "a refused training leaves no folder");
    }

    private static float[] ones(int n) {
        float[] weights = new float[n];
        for (int i = 0; i < n - 1; i++) {
            weights[i] = 1;
        }
        return weights;
    }

    /** Examples without a trained token are passed over, also when a row would hold nothing else. */
    @Test
    void passesOverWhatIsNotTrained() {
        List<EncodedExample> mixed = new ArrayList<>(TinyTraining.untrained(10));
        mixed.addAll(TinyTraining.counting(2, 5));
        TrainingConfig config = TinyTraining.config()
                .with(c -> c.packing(false).gradAccumulation(1).maxSteps(4));
        try (TrainingRun run = trainer().examples(mixed).config(config).start()) {
            run.await();
            assertTrue(Double.isFinite(run.awaitProgress().loss()));
        }
    }

    @Test
    void refusesAFolderInUse() throws Exception {
        Files.createDirectory(folder.resolve("out"));
        Files.writeString(folder.resolve("out/precious"), "x");
        assertTrue(refusal(trainer()).contains("out: the output folder holds files already"));
        assertEquals("x", Files.readString(folder.resolve("out/precious")));
        assertTrue(refusal(trainer().output(folder.resolve("base.gguf"))).contains("found a file"));
    }

    /** Of many runs on one folder at once one is started, and ends as if it had been alone. */
    @Test
    void ofManyRunsOnOneFolderOneIsStarted() throws Exception {
        List<Integer> alone;
        try (TrainingRun run = trainer().output(folder.resolve("alone")).start()) {
            alone = TinyTraining.bits(run.await());
        }
        CyclicBarrier together = new CyclicBarrier(6);
        List<List<Integer>> ended = Collections.synchronizedList(new ArrayList<>());
        List<String> refused = Collections.synchronizedList(new ArrayList<>());
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            Trainer trainer = trainer().resume(i % 2 == 0);
            Thread thread = new Thread(() -> {
                try {
                    together.await();
                    try (TrainingRun run = trainer.start()) {
                        ended.add(TinyTraining.bits(run.await()));
                    }
                } catch (BadInputException e) {
                    refused.add(e.getMessage());
                } catch (Exception e) {
                    throw new AssertionError(e);
                }
            });
            thread.start();
            threads.add(thread);
        }
        for (Thread thread : threads) {
            thread.join();
        }
        // One that resumes may come after the end of the one that trained, and is given its result.
        assertEquals(6, ended.size() + refused.size(), refused.toString());
        assertFalse(ended.isEmpty());
        for (List<Integer> bits : ended) {
            assertEquals(alone, bits);
        }
        for (String message : refused) {
            assertTrue(
                    message.contains("another run is writing to this folder")
                            || message.contains("holds files already"),
                    message);
        }
    }

    @Test
    void refusesWhatMemoryCannotHold() {
        try (Model small =
                Model.open(base.path().orElseThrow(), ModelOptions.defaults().withMemoryLimitBytes(1 << 19))) {
            Trainer trainer = Trainer.on(small)
                    .lora(TinyTraining.lora())
                    .config(TinyTraining.config())
                    .examples(TinyTraining.counting(24, 7))
                    .output(folder.resolve("out"));
            String message =
                    assertThrows(ResourceException.class, trainer::start).getMessage();
            assertTrue(message.contains("expected at most 0.5 MiB"), message);
            assertFalse(Files.exists(folder.resolve("out")));
        }
    }

    @Test
    void canBeCancelled() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        TrainingConfig endless =
                TinyTraining.config().with(c -> c.epochs(100_000).maxSteps(0));
        try (TrainingRun run =
                trainer().config(endless).onProgress(p -> begun.countDown()).start()) {
            begun.await();
            run.cancel();
            assertThrows(OperationCancelledException.class, run::await);
        }
        assertFalse(Files.exists(folder.resolve("out/adapter.gguf")));
    }

    @Test
    void aFailingListenerEndsNothing() {
        AtomicInteger calls = new AtomicInteger();
        Trainer trainer = trainer().onProgress(p -> {
            calls.incrementAndGet();
            throw new IllegalStateException("listener");
        });
        try (TrainingRun run =
                trainer.config(TinyTraining.config().with(c -> c.maxSteps(2))).start()) {
            assertEquals(4, run.await().rank());
        }
        assertEquals(2, calls.get());
    }

    /** Its end would never come: a listener is called by the thread that trains. */
    @Test
    void aListenerThatWaitsIsRefused() throws Exception {
        CompletableFuture<TrainingRun> started = new CompletableFuture<>();
        List<IllegalStateException> refused = Collections.synchronizedList(new ArrayList<>());
        Trainer trainer = trainer().onProgress(p -> {
            TrainingRun run = started.join();
            refused.add(assertThrows(IllegalStateException.class, run::await));
            refused.add(assertThrows(IllegalStateException.class, run::awaitFile));
            refused.add(assertThrows(IllegalStateException.class, run::awaitProgress));
            run.close();
        });
        try (TrainingRun run = trainer.start()) {
            started.complete(run);
            assertThrows(OperationCancelledException.class, run::await);
        }
        assertEquals(3, refused.size());
        assertTrue(refused.get(0).getMessage().contains("a listener of the training waits for its end"));
    }

    @Test
    void stopsWithAnAdapter() {
        CompletableFuture<TrainingRun> started = new CompletableFuture<>();
        TrainingConfig endless =
                TinyTraining.config().with(c -> c.epochs(100_000).maxSteps(0).saveSteps(0));
        Trainer trainer = trainer().config(endless).onProgress(p -> {
            if (p.step() == 5) {
                started.join().stop();
            }
        });
        List<Integer> bits;
        try (TrainingRun run = trainer.start()) {
            started.complete(run);
            bits = TinyTraining.bits(run.await());
            assertEquals(5, run.awaitProgress().step());
            run.stop();
        }
        assertEquals(bits, TinyTraining.bits(Adapter.load(folder.resolve("out"))));
        assertTrue(Files.exists(folder.resolve("out/loss.svg")));
        try (TrainingRun run = trainer()
                .config(endless)
                .output(folder.resolve("at-once"))
                .start()
                .stop()) {
            assertEquals(4, run.await().rank());
            assertTrue(run.awaitProgress().step() >= 1);
        }
    }

    @Test
    void aRunIsIndependentOfItsTrainer() {
        List<Integer> expected;
        try (TrainingRun run = trainer().start()) {
            expected = TinyTraining.bits(run.await());
        }
        Trainer trainer = trainer().output(folder.resolve("second"));
        try (TrainingRun run = trainer.start()) {
            trainer.examples(TinyTraining.counting(3, 1))
                    .config(TrainingConfig.defaults())
                    .lora(LoraConfig.rank(1));
            assertEquals(expected, TinyTraining.bits(run.await()));
        }
    }

    @Test
    void stopsWhenGradientsStayInfinite() {
        TrainingConfig config = TinyTraining.config().with(c -> c.learningRate(9)
                .maxGradNorm(0)
                .warmupSteps(0)
                .weightDecay(0.9)
                .maxSteps(0));
        Path file = TinyModel.write(folder.resolve("f32.gguf"), TinyModel.llama(), FormatMix.F32, 3);
        try (Model model = Model.open(file);
                TrainingRun run = Trainer.on(model)
                        .full(GgmlType.F32)
                        .config(config.with(c -> c.learningRate(9.9).betas(0, 0).epsilon(1e-30)))
                        .examples(poisoned())
                        .output(folder.resolve("nan"))
                        .start()) {
            BadInputException e = assertThrows(BadInputException.class, run::await);
            assertTrue(
                    e.getMessage()
                            .contains(
                                    "at step 5 of 20: the gradients of 5 steps in a row were not finite: use a lower"),
                    e.getMessage());
            assertTrue(e.getMessage().contains("no checkpoint was saved and no adapter written"), e.getMessage());
        }
    }

    /** Weights beyond what a float can add up. */
    private static List<EncodedExample> poisoned() {
        return TinyTraining.counting(24, 7).stream()
                .map(example -> {
                    float[] weights = example.weights().clone();
                    for (int i = 0; i < weights.length; i++) {
                        weights[i] *= Float.MAX_VALUE;
                    }
                    return new EncodedExample(example.tokens(), weights);
                })
                .toList();
    }
}
