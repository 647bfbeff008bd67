package dev.chaku.internal.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.internal.engine.StepResult;
import dev.chaku.train.TrainingProgress;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

class ProgressMeterTest {
    private static RunPosition step(ProgressMeter meter, RunPosition from, double loss, boolean skipped) {
        RunPosition to = from.after(2, 4);
        meter.step(to, 4, loss, 100, 1e-3, new StepResult(skipped, to.step(), 2.5));
        return to;
    }

    @Test
    void countsAndSmooths() {
        ProgressMeter meter = new ProgressMeter(4, RunPosition.start());
        RunPosition one = step(meter, RunPosition.start(), 4, false);
        assertEquals(4, meter.progress(false).smoothedLoss());
        assertFalse(meter.progress(false).evalLoss().isPresent());
        RunPosition two = step(meter, one, 2, true);
        meter.evaluation(new Validation(1.5, 0.25, OptionalDouble.empty()), Map.of("exact_match", 0.5));
        step(meter, two, Double.NaN, false);
        TrainingProgress progress = meter.progress(true);
        assertEquals(3, progress.step());
        assertEquals(1.5, progress.epoch());
        assertEquals((0.9 * 4 + 2) / 1.9, progress.smoothedLoss(), 1e-12);
        assertEquals(300, progress.tokens());
        assertEquals(1, progress.skippedSteps());
        assertEquals(1.5, progress.evalLoss().orElseThrow());
        assertEquals(0.25, progress.evalAccuracy().orElseThrow());
        assertTrue(progress.tokensPerSecond() > 0);
        assertTrue(progress.remaining().compareTo(progress.elapsed()) < 0, "one step of four is left");
    }

    @Test
    void nothingRemainsAtTheEnd() {
        ProgressMeter meter = new ProgressMeter(1, RunPosition.start());
        step(meter, RunPosition.start(), 4, false);
        assertEquals(Duration.ZERO, meter.progress(false).remaining());
    }

    @Test
    void goesOnFromItsCounters() {
        ProgressMeter meter = new ProgressMeter(9, RunPosition.start());
        RunPosition position = step(meter, step(meter, RunPosition.start(), 4, true), 3, false);
        meter.evaluation(new Validation(1.5, 0.25, OptionalDouble.empty()), Map.of("exact_match", 0.5));
        Map<String, String> counters = new HashMap<>();
        meter.save(counters);
        ProgressMeter again = new ProgressMeter(9, position);
        again.restore(counters);
        step(meter, position, 2, false);
        step(again, position, 2, false);
        TrainingProgress expected = meter.progress(false);
        TrainingProgress found = again.progress(false);
        assertEquals(expected.smoothedLoss(), found.smoothedLoss());
        assertEquals(expected.tokens(), found.tokens());
        assertEquals(expected.skippedSteps(), found.skippedSteps());
        assertEquals(expected.evalLoss(), found.evalLoss());
        assertEquals(Map.of("exact_match", 0.5), found.evalAnswers());
        assertEquals(Math.exp(1.5), found.evalPerplexity().orElseThrow());
        assertEquals(expected.epoch(), found.epoch());
        assertTrue(found.elapsed().toNanos() > Long.parseLong(counters.get("elapsed_ns")));
        assertTrue(found.remaining().compareTo(found.elapsed().multipliedBy(7)) < 0);
    }
}
