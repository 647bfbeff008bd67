package dev.chaku;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dev.chaku.data.ChatRenderer;
import dev.chaku.data.Dataset;
import dev.chaku.data.EncodedExample;
import dev.chaku.errors.BadInputException;
import dev.chaku.errors.OperationCancelledException;
import dev.chaku.gguf.GgmlType;
import dev.chaku.internal.arch.FormatMix;
import dev.chaku.train.LossTrend;
import dev.chaku.train.OptimizerKind;
import dev.chaku.train.RunStart;
import dev.chaku.train.TrainingConfig;
import dev.chaku.train.TrainingProgress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A run that is broken off and resumed ends with the bits of one that was not. */
class TrainingResumeTest {
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

    private static TrainingConfig config() {
        return TinyTraining.config().with(c -> c.saveSteps(3).keepCheckpoints(2));
    }

    private Trainer trainer(Model model, String out) {
        return Trainer.on(model)
                .lora(TinyTraining.lora())
                .config(config())
                .examples(TinyTraining.counting(24, 7))
                .evalExamples(TinyTraining.counting(4, 8))
                .output(folder.resolve(out));
    }

    private Trainer trainer(Model model, String out, Dataset data) {
        return trainer(model, out).evalExamples(List.of()).data(data).evalSplit(0.2);
    }

    /** Leaves in a folder what a run leaves that is killed when it has done a step: what is on disk at that moment. */
    private void killAfter(int step, String out, Trainer trainer) {
        Path killed = folder.resolve(out);
        Path live = folder.resolve("live");
        trainer.output(live).onProgress(p -> {
            if (p.step() == step) {
                TinyTraining.copy(live, killed);
            }
        });
        try {
            if (Files.exists(killed)) {
                Files.move(killed, live);
            }
            try (TrainingRun run = trainer.start()) {
                run.awaitFile();
            }
            delete(live);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static void delete(Path tree) throws IOException {
        try (Stream<Path> all = Files.walk(tree)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }

    /** Cancels a run when it has done a step. */
    private static void cancelAfter(int step, Trainer trainer) {
        CompletableFuture<TrainingRun> started = new CompletableFuture<>();
        trainer.onProgress(p -> {
            if (p.step() == step) {
                started.join().cancel();
            }
        });
        try (TrainingRun run = trainer.start()) {
            started.complete(run);
            assertThrows(OperationCancelledException.class, run::await);
        }
    }

    private List<Integer> finish(Trainer trainer) {
        try (TrainingRun run = trainer.start()) {
            return TinyTraining.bits(run.await());
        }
    }

    private List<String> checkpoints(String out) throws IOException {
        try (Stream<Path> entries = Files.list(folder.resolve(out))) {
            return entries.map(p -> p.getFileName().toString())
                    .filter(n -> n.contains("checkpoint"))
                    .sorted()
                    .toList();
        }
    }

    @Test
    void endsWithTheSameBits() throws IOException {
        List<Integer> expected = finish(trainer(base, "whole"));
        killAfter(10, "out", trainer(base, "out"));
        assertEquals(List.of("checkpoint-00000006", "checkpoint-00000009"), checkpoints("out"));
        try (TrainingRun run = trainer(base, "out").resume(true).start()) {
            assertEquals(expected, TinyTraining.bits(run.await()));
            assertEquals(20, run.awaitProgress().step());
        }
        assertEquals(-1, Files.mismatch(folder.resolve("whole/adapter.gguf"), folder.resolve("out/adapter.gguf")));
        assertEquals(losses("whole"), losses("out"));
        assertEquals(
                Files.readString(folder.resolve("whole/loss.svg")), Files.readString(folder.resolve("out/loss.svg")));
    }

    /** What the log says of the losses, step by step; times differ. */
    private List<String> losses(String out) throws IOException {
        return Files.readAllLines(folder.resolve(out).resolve("log.jsonl")).stream()
                .map(line -> line.replaceAll("\"(tokens_per_s|elapsed_s|peak_bytes)\":[^,}]*", ""))
                .toList();
    }

    @ParameterizedTest
    @EnumSource(OptimizerKind.class)
    void everyOptimizerEndsWithTheSameBits(OptimizerKind kind) {
        TrainingConfig config = config().with(c -> c.optimizer(kind).maxGradValue(0.01));
        List<Integer> expected = finish(trainer(base, "whole").config(config));
        assertNotEquals(expected, finish(trainer(base, "plain")));
        killAfter(10, "out", trainer(base, "out").config(config));
        assertEquals(expected, finish(trainer(base, "out").config(config).resume(true)));
        LossTrend trend;
        try (TrainingRun run = trainer(base, "again").config(config).start()) {
            trend = run.awaitTrend();
        }
        assertTrue(trend.last() < 0.9 * trend.first(), kind + ": " + trend);
    }

    @Test
    void aCheckpointHoldsAnAdapterToTry() throws IOException {
        killAfter(10, "out", trainer(base, "out"));
        Adapter early = Adapter.load(folder.resolve("out/checkpoint-00000009"));
        assertEquals(6, early.adaptedProducts());
        assertTrue(Files.readString(folder.resolve("out/checkpoint-00000009/config.json"))
                .contains("\"seed\" : 42"));
    }

    @Test
    void aCancelledRunLosesNothing() throws IOException {
        List<Integer> expected = finish(trainer(base, "whole"));
        cancelAfter(10, trainer(base, "out"));
        assertEquals(List.of("checkpoint-00000009", "checkpoint-00000010"), checkpoints("out"));
        assertEquals(expected, finish(trainer(base, "out").resume(true)));
        assertEquals(losses("whole"), losses("out"));
        cancelAfter(4, trainer(base, "none").config(config().with(c -> c.saveSteps(0))));
        assertEquals(List.of(), checkpoints("none"));
    }

    @Test
    void aStoppedRunGoesOnToo() throws IOException {
        List<Integer> expected = finish(trainer(base, "whole"));
        CompletableFuture<TrainingRun> started = new CompletableFuture<>();
        Trainer trainer = trainer(base, "out")
                .config(config().with(c -> c.saveSteps(0)))
                .onProgress(p -> {
                    if (p.step() == 10) {
                        started.join().stop();
                    }
                });
        try (TrainingRun run = trainer.start()) {
            started.complete(run);
            List<Integer> early = TinyTraining.bits(run.await());
            assertEquals(early, TinyTraining.bits(Adapter.load(folder.resolve("out/checkpoint-00000010"))));
        }
        assertEquals(List.of("checkpoint-00000010"), checkpoints("out"));
        assertEquals(expected, finish(trainer(base, "out").resume(true)));
        assertEquals(losses("whole"), losses("out"));
    }

    @Test
    void resumesOnAnotherNumberOfThreads() {
        List<Integer> expected = finish(trainer(base, "whole"));
        killAfter(7, "out", trainer(base, "out"));
        try (Model one = Model.open(file, ModelOptions.defaults().withThreads(1))) {
            assertEquals(expected, finish(trainer(one, "out").resume(true)));
        }
    }

    @Test
    void resumesTwiceAndAfterTheEnd() {
        List<Integer> expected = finish(trainer(base, "whole"));
        killAfter(4, "out", trainer(base, "out"));
        killAfter(14, "out", trainer(base, "out").resume(true));
        assertEquals(expected, finish(trainer(base, "out").resume(true)));
        assertEquals(expected, finish(trainer(base, "out").resume(true)));
    }

    @Test
    void beginsAnewWithoutACheckpoint() {
        List<Integer> expected = finish(trainer(base, "whole"));
        killAfter(2, "out", trainer(base, "out"));
        try (TrainingRun run = trainer(base, "out").resume(true).start()) {
            assertEquals(RunStart.Kind.ANEW, run.beginning().kind());
            assertEquals(expected, TinyTraining.bits(run.await()));
        }
    }

    @Test
    void aMissingOrEmptyFolderStartsTheRun() throws IOException {
        List<Integer> expected = finish(trainer(base, "whole"));
        Files.createDirectory(folder.resolve("empty"));
        for (String out : List.of("absent", "empty")) {
            try (TrainingRun run = trainer(base, out).resume(true).start()) {
                assertEquals(new RunStart(RunStart.Kind.NEW, 0), run.beginning());
                assertEquals(expected, TinyTraining.bits(run.await()));
            }
        }
    }

    @Test
    void aFinishedRunStaysAsItIs() throws IOException {
        TrainingConfig unsaved = config().with(c -> c.saveSteps(0));
        List<Integer> expected = finish(trainer(base, "out").config(unsaved));
        Map<String, String> before = contents("out");
        try (TrainingRun run = trainer(base, "out")
                .config(unsaved)
                .resume(true)
                .onProgress(p -> fail("trained"))
                .start()) {
            assertEquals(new RunStart(RunStart.Kind.FINISHED, 20), run.beginning());
            assertEquals(expected, TinyTraining.bits(run.await()));
            TrainingProgress end = run.awaitProgress();
            assertEquals(20, end.step());
            assertTrue(end.smoothedLoss() > 0 && end.evalLoss().isPresent() && end.tokens() > 0, end.toString());
            assertEquals(20, run.awaitTrend().steps());
            run.stop().cancel(); // Without effect.
        }
        String message = refusal(
                trainer(base, "out").config(unsaved).lora(TinyTraining.lora().withAlpha(3)));
        assertTrue(message.contains("alpha: expected 8.0 as in the run so far, found 3.0"), message);
        assertEquals(before, contents("out"));
        // Without its result it is as good as broken off.
        Files.delete(folder.resolve("out/adapter.gguf"));
        assertEquals(expected, finish(trainer(base, "out").config(unsaved).resume(true)));
    }

    @Test
    void aFolderOfSomethingElseIsRefusedAndStaysAsItIs() throws IOException {
        Files.createDirectory(folder.resolve("notes"));
        Files.writeString(folder.resolve("notes/log.jsonl"), "mine\n");
        Files.writeString(folder.resolve("notes/config.json"), "{\"architectures\": [\"LlamaForCausalLM\"]}");
        Files.createDirectory(folder.resolve("notes/checkpoint-00000009"));
        Map<String, String> before = contents("notes");
        String message = refusal(trainer(base, "notes"));
        assertTrue(
                message.contains("notes: expected the output folder of an earlier run, or an empty one, found"),
                message);
        assertTrue(message.contains("checkpoint-00000009, config.json, log.jsonl"), message);
        assertEquals(before, contents("notes"));
        Files.writeString(folder.resolve("file"), "x");
        assertTrue(refusal(trainer(base, "file")).contains("found a file"));
    }

    /** Every path in a folder with what it holds. */
    private Map<String, String> contents(String out) throws IOException {
        Map<String, String> contents = new TreeMap<>();
        try (Stream<Path> all = Files.walk(folder.resolve(out))) {
            for (Path path : all.toList()) {
                contents.put(
                        path.toString(),
                        Files.isDirectory(path) ? "" : new String(Files.readAllBytes(path), ISO_8859_1));
            }
        }
        return contents;
    }

    @Test
    void takesTheOneBeforeATornCheckpoint() throws IOException {
        List<Integer> expected = finish(trainer(base, "whole"));
        killAfter(10, "out", trainer(base, "out"));
        Path state = folder.resolve("out/checkpoint-00000009/state.safetensors");
        byte[] bytes = Files.readAllBytes(state);
        bytes[bytes.length - 5] ^= 1;
        Files.write(state, bytes);
        assertEquals(expected, finish(trainer(base, "out").resume(true)));
    }

    @Test
    void survivesAKillWhileACheckpointIsWritten() throws IOException {
        List<Integer> expected = finish(trainer(base, "whole"));
        killAfter(10, "out", trainer(base, "out"));
        Path half = Files.createDirectory(folder.resolve("out/.checkpoint-00000012.tmp"));
        Files.writeString(half.resolve("state.safetensors"), "half");
        Files.writeString(folder.resolve("out/log.jsonl"), "{\"step\":11,\"lo", StandardOpenOption.APPEND);
        assertEquals(expected, finish(trainer(base, "out").resume(true)));
        assertEquals(losses("whole"), losses("out"));
    }

    @Test
    void earlyStoppingGoesOnWhereItWas() {
        TrainingConfig stopping = config().with(c -> c.learningRate(2)
                .maxGradNorm(0)
                .warmupSteps(0)
                .evalSteps(1)
                .earlyStopping(4)
                .saveSteps(1));
        try (TrainingRun run = trainer(base, "whole").config(stopping).start()) {
            List<Integer> expected = TinyTraining.bits(run.await());
            int last = run.awaitProgress().step();
            assertTrue(last < 20 && last > 4, "stopped after " + last);
            killAfter(last - 1, "out", trainer(base, "out").config(stopping));
            assertEquals(expected, finish(trainer(base, "out").config(stopping).resume(true)));
        }
    }

    @Test
    void wholeModelsToo() throws IOException {
        killAfter(10, "out", trainer(base, "out").full(GgmlType.F32));
        try (TrainingRun whole = trainer(base, "whole").full(GgmlType.F32).start();
                TrainingRun resumed =
                        trainer(base, "out").full(GgmlType.F32).resume(true).start()) {
            assertEquals(-1, Files.mismatch(whole.awaitFile(), resumed.awaitFile()));
        }
    }

    private String refusal(Trainer trainer) {
        return assertThrows(BadInputException.class, trainer.resume(true)::start)
                .getMessage();
    }

    @Test
    void namesWhatChanged() {
        killAfter(4, "out", trainer(base, "out"));
        String message = refusal(trainer(base, "out").config(config().with(c -> c.learningRate(1e-3))));
        assertTrue(
                message.contains("out: the run cannot be resumed")
                        && message.contains("learning_rate: expected 0.005 as in the run so far, found 0.001"),
                message);
        message = refusal(trainer(base, "out").lora(TinyTraining.lora().withAlpha(3)));
        assertTrue(message.contains("alpha: expected 8.0 as in the run so far, found 3.0"), message);
        List<EncodedExample> other = new ArrayList<>(TinyTraining.counting(24, 7));
        other.set(3, TinyTraining.counting(1, 99).get(0));
        message = refusal(
                trainer(base, "out").examples(other).lora(TinyTraining.lora().withAlpha(3)));
        assertTrue(message.contains("training examples (SHA-256): expected ") && message.contains("alpha: "), message);
        Path altered = TinyModel.write(folder.resolve("other.gguf"), TinyModel.llama(), FormatMix.Q8_0, 2);
        try (Model model = Model.open(altered)) {
            assertTrue(refusal(trainer(model, "out")).contains("base model (SHA-256): expected "));
        }
        // How often to save or to validate decides no bit.
        finish(trainer(base, "out")
                .config(config().with(c -> c.saveSteps(5).evalSteps(7)))
                .resume(true));
    }

    @Test
    void namesTheTemplateThatChanged() throws IOException {
        String line =
                "{\"messages\":[{\"role\":\"user\",\"content\":\"%d\"},{\"role\":\"assistant\",\"content\":\"x\"}]}\n";
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 20; i++) {
            lines.append(line.formatted(i));
        }
        Dataset chats = Dataset.read(Files.writeString(folder.resolve("chats.jsonl"), lines));
        Trainer trainer = trainer(base, "out", chats)
                .config(TinyTraining.config().with(c -> c.maxLength(200).maxSteps(2)));
        assertTrue(Adapter.load(awaitFile(trainer.chat(ChatRenderer.of(base.chat("zephyr")))))
                .isTrainedOnConversations());
        String message = refusal(trainer.chat(ChatRenderer.of(base.chat("chatml"))));
        assertTrue(
                message.contains("chat template (SHA-256): expected ") && message.contains("training examples"),
                message);
    }

    private static Path awaitFile(Trainer trainer) {
        try (TrainingRun run = trainer.start()) {
            return run.awaitFile();
        }
    }

    /** Data and tokens that stay on disk, killed and resumed, give the bits of data in memory. */
    @Test
    void dataOnDiskGiveTheBitsOfDataInMemory() throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 40; i++) {
            lines.append("{\"prompt\":\"")
                    .append(i)
                    .append("+1=\",\"completion\":\"")
                    .append(i + 1)
                    .append("\"}\n");
        }
        List<Path> files = List.of(Files.writeString(folder.resolve("data.jsonl"), lines));
        Dataset inMemory = Dataset.read(files, Dataset.Options.defaults());
        Dataset onDisk = Dataset.read(files, Dataset.Options.defaults().withInMemoryBytes(0));
        List<Integer> expected = finish(trainer(base, "memory", inMemory));
        assertEquals(expected, finish(trainer(base, "disk", onDisk).dataMemory(0)));
        killAfter(7, "killed", trainer(base, "killed", onDisk).dataMemory(0));
        assertEquals(
                expected, finish(trainer(base, "killed", onDisk).dataMemory(0).resume(true)));
        try (Stream<Path> left = Files.list(folder)) {
            assertTrue(left.noneMatch(path -> path.getFileName().toString().startsWith(".chaku")));
        }
    }
}
