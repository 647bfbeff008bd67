package dev.chaku;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import dev.chaku.internal.arch.FormatMix;
import dev.chaku.train.LoraConfig;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainingSpeedTest {
    @TempDir
    Path folder;

    @Test
    void stepsAreTimedAndThrownAway() {
        try (Model model = Model.open(TinyModel.write(folder.resolve("m.gguf"), TinyModel.llama(), FormatMix.F32, 1))) {
            for (double share : new double[] {0, 0.3, 1}) {
                TrainingSpeed speed = TrainingSpeed.measure(model, LoraConfig.rank(2), 8, share, Duration.ofMillis(50));
                assertEquals(8, speed.rowTokens());
                assertTrue(speed.steps() >= 2, speed.toString());
                assertTrue(0 < speed.fastestSeconds(), speed.toString());
                assertTrue(
                        speed.fastestSeconds() <= speed.medianSeconds()
                                && speed.medianSeconds() <= speed.slowestSeconds(),
                        speed.toString());
            }
        }
    }

    @Test
    void rowsPastTheContextAreRefused() {
        try (Model model = Model.open(TinyModel.write(folder.resolve("m.gguf"), TinyModel.llama(), FormatMix.F32, 1))) {
            int rows = model.contextLength() + 1;
            assertThrows(
                    BadInputException.class,
                    () -> TrainingSpeed.measure(model, LoraConfig.rank(2), rows, 1, Duration.ofMinutes(1)));
        }
    }
}
