package dev.chaku.internal.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.train.TrainingProgress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LogFileTest {
    @TempDir
    Path temp;

    private static TrainingProgress progress(int step, double loss, boolean evaluated) {
        OptionalDouble eval = OptionalDouble.of(loss + 1);
        return new TrainingProgress(
                step,
                10,
                step / 10.0,
                loss,
                loss,
                OptionalDouble.empty(),
                OptionalDouble.empty(),
                OptionalDouble.empty(),
                evaluated,
                eval,
                OptionalDouble.of(0.5),
                OptionalDouble.empty(),
                Map.of("exact_match", 0.25),
                1e-4,
                2,
                100L * step,
                50,
                Duration.ofMillis(1500),
                Duration.ZERO,
                0,
                4096);
    }

    @Test
    void writesOneObjectALine() throws IOException {
        LogFile log = LogFile.open(OutputFolder.create(temp.resolve("a")), 0);
        log.append(progress(1, 3, false));
        log.append(progress(2, Double.NaN, true));
        List<String> lines = Files.readAllLines(temp.resolve("a/log.jsonl"));
        assertEquals(
                "{\"step\":1,\"epoch\":0.1,\"loss\":3.0,\"smoothed_loss\":3.0,\"learning_rate\":1.0E-4,\"grad_norm\":2.0,"
                        + "\"tokens_per_s\":50.0,\"elapsed_s\":1.5,\"tokens\":100,\"skipped_steps\":0,\"peak_bytes\":4096}",
                lines.get(0));
        assertTrue(lines.get(1).contains("\"eval_answers_exact_match\":0.25"), lines.get(1));
        assertTrue(
                lines.get(1).contains("\"loss\":\"NaN\"") && lines.get(1).contains("\"eval_accuracy\":0.5"),
                lines.get(1));
    }

    @Test
    void goesOnAfterTheStepAndForgetsLaterOnes() throws IOException {
        OutputFolder folder = OutputFolder.create(temp.resolve("a"));
        LogFile log = LogFile.open(folder, 0);
        for (int step = 1; step <= 4; step++) {
            log.append(progress(step, 5 - step, step == 2));
        }
        String whole = log.picture();
        List<String> lines = Files.readAllLines(temp.resolve("a/log.jsonl"));
        Files.writeString(temp.resolve("a/log.jsonl"), "{\"step\":2,\"loss", StandardOpenOption.APPEND);
        LogFile again = LogFile.open(folder, 2);
        assertEquals(lines.subList(0, 2), Files.readAllLines(temp.resolve("a/log.jsonl")));
        again.append(progress(3, 2, false));
        again.append(progress(4, 1, false));
        assertEquals(lines, Files.readAllLines(temp.resolve("a/log.jsonl")));
        assertEquals(whole, again.picture());
    }
}
