package dev.chaku;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.chaku.errors.ResourceException;
import dev.chaku.gguf.GgmlType;
import dev.chaku.internal.arch.FormatMix;
import dev.chaku.train.LoraConfig;
import dev.chaku.train.MergeAware;
import dev.chaku.train.TrainingConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A run that is paused, saved and stopped from outside; of the losses of preferences see PreferenceTrainingTest. */
class TrainingControlTest {
    @TempDir
    Path folder;

    private Model base;

    @BeforeEach
    void openBase() {
        base = Model.open(TinyModel.write(folder.resolve("base.gguf"), TinyModel.llama(), FormatMix.Q8_0, 1));
    }

    @AfterEach
    void closeBase() {
        base.close();
    }

    private Trainer trainer(String out) {
        TrainingConfig config = TinyTraining.config().with(c -> c.saveSteps(0));
        return Trainer.on(base)
                .lora(TinyTraining.lora())
                .config(config)
                .examples(TinyTraining.counting(24, 7))
                .output(folder.resolve(out));
    }

    static Stream<LoraConfig> methods() {
        return Stream.of(
                TinyTraining.lora(),
                TinyTraining.lora().withRsLora(true),
                TinyTraining.lora().withMergeAware(MergeAware.parse("q4_0:2")));
    }

    private static List<Integer> finish(Trainer trainer) {
        try (TrainingRun run = trainer.start()) {
            return TinyTraining.bits(run.await());
        }
    }

    @ParameterizedTest
    @MethodSource("methods")
    void everyMethodGoesOnFromWhatWasSavedOnRequest(LoraConfig lora) {
        List<Integer> expected = finish(trainer("whole").lora(lora));
        Path checkpoint = TinyTraining.pauseSaveCancel(trainer("out").lora(lora), 7);
        assertEquals(folder.resolve("out/checkpoint-00000007"), checkpoint);
        assertEquals(expected, finish(trainer("out").lora(lora).resume(true)));
    }

    @Test
    void wholeModelsToo() throws Exception {
        try (TrainingRun run = trainer("whole").full(GgmlType.F32).start()) {
            run.awaitFile();
        }
        TinyTraining.pauseSaveCancel(trainer("out").full(GgmlType.F32), 7);
        try (TrainingRun run = trainer("out").full(GgmlType.F32).resume(true).start()) {
            assertEquals(-1, Files.mismatch(folder.resolve("whole/model.gguf"), run.awaitFile()));
        }
    }

    @Test
    void aPausedRunStandsStillAndGoesOn() throws Exception {
        List<Integer> expected = finish(trainer("whole"));
        AtomicInteger steps = new AtomicInteger();
        CompletableFuture<TrainingRun> started = new CompletableFuture<>();
        CountDownLatch fifth = new CountDownLatch(1);
        Trainer trainer = trainer("out").onProgress(p -> {
            steps.incrementAndGet();
            if (p.step() == 5) {
                started.join().pause();
                fifth.countDown();
            }
        });
        try (TrainingRun run = trainer.start()) {
            started.complete(run);
            fifth.await();
            while (!run.isPaused()) {
                Thread.onSpinWait();
            }
            Path first = run.saveNow().get(1, TimeUnit.MINUTES);
            assertEquals(first, run.saveNow().get(1, TimeUnit.MINUTES));
            assertEquals(5, steps.get());
            run.resume();
            assertEquals(expected, TinyTraining.bits(run.await()));
            assertFalse(run.isPaused());
            assertEquals(20, steps.get());
            ExecutionException late =
                    assertThrows(ExecutionException.class, () -> run.saveNow().get());
            assertInstanceOf(IllegalStateException.class, late.getCause());
        }
    }

    @Test
    void aRunThatIsPausedBeforeItsFirstStepSavesAfterIt() throws Exception {
        try (TrainingRun run = trainer("out").start()) {
            run.pause();
            CompletableFuture<Path> saved = run.saveNow();
            run.resume();
            Path checkpoint = saved.get(1, TimeUnit.MINUTES);
            assertTrue(checkpoint.getFileName().toString().startsWith("checkpoint-000000"), checkpoint.toString());
            run.await();
        }
    }

    /** The disk becomes full behind the first checkpoint: it stays whole, and the run goes on from it. */
    @Test
    void aFullDiskKeepsTheLastWholeCheckpoint() throws Exception {
        Path disk = Files.createDirectory(folder.resolve("disk"));
        assumeTrue(
                mount("mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", disk.toString()) == 0,
                "a small disk is mounted by the superuser alone");
        try {
            TrainingConfig saving = TinyTraining.config().with(c -> c.saveSteps(3));
            Trainer trainer = trainer("unused").config(saving).output(disk.resolve("out"));
            Path filler = disk.resolve("filler");
            ResourceException full;
            CompletableFuture<TrainingRun> started = new CompletableFuture<>();
            CompletableFuture<Path> asked = new CompletableFuture<>();
            trainer.onProgress(p -> {
                if (p.step() == 4) {
                    fill(filler);
                    started.join().saveNow().whenComplete((path, failure) -> {
                        if (failure != null) {
                            asked.completeExceptionally(failure);
                        } else {
                            asked.complete(path);
                        }
                    });
                }
            });
            try (TrainingRun run = trainer.start()) {
                started.complete(run);
                full = assertThrows(ResourceException.class, run::await);
            }
            // What was asked for failed alone, and the run went on to the step that was due.
            assertInstanceOf(
                    ResourceException.class,
                    assertThrows(ExecutionException.class, asked::get).getCause());
            for (String part : List.of(
                    ".checkpoint-00000006.tmp/state.safetensors: cannot be written: the disk is full",
                    "a checkpoint takes " + 4 * 4 * trainer("plan").plan().parameters() + " bytes",
                    "the checkpoint of step 3 in " + disk.resolve("out") + " is saved",
                    "set resume to go on from there")) {
                assertTrue(full.getMessage().contains(part), full.getMessage());
            }
            Files.delete(filler);
            assertEquals(
                    finish(trainer("whole")),
                    finish(trainer("unused")
                            .config(saving)
                            .output(disk.resolve("out"))
                            .resume(true)));
        } finally {
            mount("umount", disk.toString());
        }
    }

    /** Leaves room for lines of the log, and for no checkpoint. */
    private static void fill(Path file) {
        try {
            long free = Files.getFileStore(file.getParent()).getUsableSpace();
            Files.write(file, new byte[(int) free - (32 << 10)]);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static int mount(String... command) throws IOException, InterruptedException {
        try {
            return new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start()
                    .waitFor();
        } catch (IOException e) {
            return -1;
        }
    }

    @Test
    void aPausedRunIsStopped() throws Exception {
        CompletableFuture<TrainingRun> started = new CompletableFuture<>();
        Trainer trainer = trainer("out").onProgress(p -> {
            if (p.step() == 4) {
                started.join().pause();
            }
        });
        try (TrainingRun run = trainer.start()) {
            started.complete(run);
            while (!run.isPaused()) {
                Thread.onSpinWait();
            }
            run.stop();
            assertEquals(4, run.awaitProgress().step());
            assertFalse(run.awaitFinished());
        }
        assertEquals(finish(trainer("whole")), finish(trainer("out").resume(true)));
    }
}
