package dev.chaku.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import org.junit.jupiter.api.Test;

class MergeAwareTest {
    private static String refusal(String text) {
        return assertThrows(BadInputException.class, () -> MergeAware.parse(text))
                .getMessage();
    }

    @Test
    void readsFormatAndSteps() {
        assertEquals(new MergeAware("q4_k_m", 8), MergeAware.parse("Q4_K_M:8"));
        assertEquals(MergeAware.of("base"), MergeAware.parse("base"));
        assertEquals(0, MergeAware.of("q4_0").every());
        assertEquals(3, MergeAware.of("q4_0").withEvery(3).every());
    }

    @Test
    void refusesWhatNamesNothing() {
        assertTrue(
                refusal("q4_x").startsWith("merge aware: expected base or one of f32, f16, bf16, q8_0, q4_0,"),
                refusal("q4_x"));
        assertTrue(refusal("q4_x").endsWith("found 'q4_x'"));
        assertTrue(refusal("").endsWith("found ''"));
        assertEquals(
                "merge aware: expected FORMAT:STEPS with a whole number of steps, found 'q4_0:often'",
                refusal("q4_0:often"));
        assertEquals("merge aware: expected 0 to 1048576 steps, found -1", refusal("q4_0:-1"));
    }

    @Test
    void decidesTheResultWhereItIsSet() {
        assertFalse(LoraConfig.rank(4).settings().stream()
                .anyMatch(setting -> setting.name().startsWith("merge")));
        LoraConfig lora = LoraConfig.rank(4)
                .withMergeAware(new MergeAware("q4_0", 2))
                .withAlpha(3)
                .withRsLora(true);
        assertTrue(lora.settings().contains(Setting.of("merge_aware", "q4_0")));
        assertTrue(lora.withDropout(0.1).settings().contains(Setting.of("merge_aware_every", 2)));
        assertEquals(lora.mergeAware(), lora.withTargets(LoraTarget.allLinear()).mergeAware());
    }
}
