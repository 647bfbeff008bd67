package dev.chaku.benchmarks.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Map;
import org.junit.jupiter.api.Test;

final class SamplesTest {
    @Test
    void theMedianIsTheMiddleOrTheMeanOfTheTwo() {
        assertEquals(2, samples(3, 1, 2).median());
        assertEquals(2.5, samples(4, 1, 2, 3).median());
        assertEquals(
                Map.of("median", 2.0, "least", 1.0, "most", 3.0),
                samples(3, 1, 2).fields());
    }

    @Test
    void ratiosAreTakenRoundByRound() {
        // A round that was slow for both leaves its ratio as it is.
        Samples ratios = samples(20, 2, 20).over(samples(10, 1, 10));
        assertEquals(2, ratios.least());
        assertEquals(2, ratios.most());
    }

    private static Samples samples(double... values) {
        Samples samples = new Samples();
        for (double value : values) {
            samples.add(value);
        }
        return samples;
    }
}
