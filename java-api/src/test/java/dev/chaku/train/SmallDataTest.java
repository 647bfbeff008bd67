package dev.chaku.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.EnumSet;
import java.util.Set;
import java.util.function.ToIntFunction;
import org.junit.jupiter.api.Test;

class SmallDataTest {
    private static final Set<SmallData> ALL = EnumSet.allOf(SmallData.class);

    /** Steps of so many examples of forty tokens, packed. */
    private static ToIntFunction<TrainingConfig> steps(int examples) {
        return config -> {
            int rows = -Math.floorDiv(
                    -examples, config.batching().packing() ? config.batching().batchTokens() / 40 : 1);
            return -Math.floorDiv(-rows, config.batching().gradAccumulation())
                    * config.batching().epochs();
        };
    }

    private static TrainingConfig suit(TrainingConfig config, Set<SmallData> may, int examples) {
        return SmallData.suit(config, may, () -> 40, 40L * examples, steps(examples));
    }

    @Test
    void fewExamplesMakeEnoughSteps() {
        TrainingConfig defaults = TrainingConfig.defaults();
        assertEquals(3, steps(20).applyAsInt(defaults), "what it was");
        TrainingConfig suited = suit(defaults, ALL, 20);
        assertEquals(100, steps(20).applyAsInt(suited));
        assertEquals(40, suited.batching().batchTokens());
        assertEquals(5, suited.batching().epochs());
        assertTrue(steps(200).applyAsInt(suit(defaults, ALL, 200)) >= 100);
        assertEquals(3, suit(defaults, ALL, 200).batching().epochs());
        assertEquals(20, suit(defaults, ALL, 1).batching().epochs(), "so often at most");
    }

    @Test
    void whatWasSaidStays() {
        TrainingConfig defaults = TrainingConfig.defaults();
        assertSame(defaults, suit(defaults, Set.of(), 20));
        assertEquals(
                1024, suit(defaults, Set.of(SmallData.EPOCHS), 20).batching().batchTokens());
        assertEquals(3, suit(defaults, Set.of(SmallData.ROWS), 20).batching().epochs());
        TrainingConfig limited = defaults.with(c -> c.maxSteps(5));
        assertSame(limited, suit(limited, ALL, 20));
    }

    /** Data that make enough steps are left alone, and the many not even counted. */
    @Test
    void muchDataStay() {
        TrainingConfig defaults = TrainingConfig.defaults();
        assertSame(defaults, suit(defaults, ALL, 1000));
        TrainingConfig same = SmallData.suit(
                defaults,
                ALL,
                () -> {
                    throw new AssertionError("looked for the longest");
                },
                1L << 30,
                config -> {
                    throw new AssertionError("counted");
                });
        assertSame(defaults, same);
    }
}
