package dev.chaku;

import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.chaku.data.EncodedExample;
import dev.chaku.errors.OperationCancelledException;
import dev.chaku.train.LoraConfig;
import dev.chaku.train.LoraTarget;
import dev.chaku.train.TrainingConfig;
import dev.chaku.train.TrainingProgress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/** Settings and data for trainings over {@link TinyModel} that take a second. */
public final class TinyTraining {
    private TinyTraining() {}

    /** Sequences that count up from a random byte: easy to learn. */
    public static List<EncodedExample> counting(int n, long seed) {
        Random random = new Random(seed);
        List<EncodedExample> examples = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            int length = 8 + random.nextInt(16);
            int first = random.nextInt(200);
            int[] tokens = new int[length];
            float[] weights = new float[length];
            for (int t = 0; t < length; t++) {
                tokens[t] = TinyModel.FIRST_BYTE + (first + t) % 256;
                weights[t] = t >= 2 && t < length - 1 ? 1 : 0;
            }
            examples.add(new EncodedExample(tokens, weights));
        }
        return examples;
    }

    /** Data in which nothing is trained. */
    static List<EncodedExample> untrained(int n) {
        return counting(n, 1).stream()
                .map(example -> new EncodedExample(example.tokens(), new float[example.length()]))
                .toList();
    }

    /** Four rows an epoch of 24 examples, two a step, 20 steps in all. */
    static TrainingConfig config() {
        return TrainingConfig.defaults().with(c -> c.epochs(10)
                .maxSteps(20)
                .maxLength(32)
                .batchTokens(96)
                .gradAccumulation(2)
                .learningRate(5e-3));
    }

    /** On 24 sequences, with eight others that are not trained on. */
    static Trainer trainer(Model model, LoraConfig lora, TrainingConfig config, Path out) {
        return Trainer.on(model)
                .lora(lora)
                .config(config)
                .examples(counting(24, 7))
                .evalExamples(counting(8, 9))
                .output(out);
    }

    /** With dropout, so that a resumed run has its counter to get right. */
    static LoraConfig lora() {
        return LoraConfig.rank(4).withDropout(0.1).withTargets(Set.of(LoraTarget.Q, LoraTarget.V, LoraTarget.DOWN));
    }

    /** Copies a run's folder, as it is. */
    static void copy(Path from, Path to) {
        try (Stream<Path> all = Files.walk(from)) {
            for (Path path : all.toList()) {
                Files.copy(path, to.resolve(from.relativize(path).toString()));
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** Copies it when the run has done a step: what a kill would leave then. */
    static void copyAt(int step, TrainingProgress progress, Path from, Path to) {
        if (progress.step() == step) {
            copy(from, to);
        }
    }

    /** Pauses a run when it has done a step, saves it there, and cancels it; the checkpoint's folder. */
    static Path pauseSaveCancel(Trainer trainer, int step) {
        CompletableFuture<TrainingRun> started = new CompletableFuture<>();
        CountDownLatch paused = new CountDownLatch(1);
        trainer.onProgress(p -> {
            if (p.step() == step) {
                started.join().pause();
                paused.countDown();
            }
        });
        try (TrainingRun run = trainer.start()) {
            started.complete(run);
            paused.await();
            Path checkpoint = run.saveNow().get(1, TimeUnit.MINUTES);
            run.cancel();
            assertThrows(OperationCancelledException.class, run::awaitFile);
            return checkpoint;
        } catch (InterruptedException | ExecutionException | TimeoutException e) {
            throw new AssertionError(e);
        }
    }

    /** All values of an adapter, as bits. */
    static List<Integer> bits(Adapter adapter) {
        List<Integer> bits = new ArrayList<>();
        adapter.weights().pairs().forEach(pair -> {
            for (float[] half : Arrays.asList(pair.a(), pair.b())) {
                for (float value : half) {
                    bits.add(Float.floatToRawIntBits(value));
                }
            }
        });
        return bits;
    }
}
