package dev.chaku;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.internal.arch.FormatMix;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a run says to those who do not wait for it, or listen badly. */
class TrainingRunTest {
    @TempDir
    Path folder;

    /** Trains without end, with a listener that fails at every step, and leaves: run in a JVM of its own. */
    static final class Leaver {
        public static void main(String[] args) throws InterruptedException {
            Path folder = Path.of(args[0]);
            CountDownLatch begun = new CountDownLatch(5);
            Model base = Model.open(TinyModel.write(folder.resolve("base.gguf"), TinyModel.llama(), FormatMix.Q8_0, 1));
            Trainer.on(base)
                    .lora(TinyTraining.lora())
                    .config(TinyTraining.config().with(c -> c.epochs(100_000).maxSteps(0)))
                    .examples(TinyTraining.counting(24, 7))
                    .output(folder.resolve("out"))
                    .onProgress(p -> {
                        begun.countDown();
                        throw new IllegalArgumentException("no window");
                    })
                    .start();
            begun.await();
        }
    }

    @Test
    void saysOnceThatNobodyWaitsAndThatAListenerFails() throws Exception {
        ChildJvm.Ended ended = ChildJvm.run(Leaver.class, List.of(), folder.toString());
        assertEquals(0, ended.exitCode());
        assertTrue(
                ended.output()
                        .contains("nothing waits for it (TrainingRun.await); what was saved is in "
                                + folder.resolve("out")),
                ended.output());
        assertTrue(ended.output().contains("a listener of the training failed at step 1; its later failures"));
        assertEquals(1, ended.output().split("no window", -1).length - 1, ended.output());
    }
}
