package dev.chaku.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.chaku.errors.BadInputException;
import java.util.Set;
import org.junit.jupiter.api.Test;

class LoraConfigTest {
    @Test
    void aRankAloneWillDo() {
        LoraConfig config = LoraConfig.rank(8);
        assertEquals(16, config.alpha());
        assertEquals(2, config.scale());
        assertEquals(LoraTarget.allLinear(), config.targets());
    }

    @Test
    void rsLoraScalesByTheRoot() {
        assertEquals(4, LoraConfig.rank(16).withAlpha(16).withRsLora(true).scale());
    }

    @Test
    void refusesWhatIsOutOfRange() {
        assertEquals(
                "rank: expected 1 to 1024, found 0",
                assertThrows(BadInputException.class, () -> LoraConfig.rank(0)).getMessage());
        LoraConfig config = LoraConfig.rank(1);
        assertThrows(BadInputException.class, () -> config.withAlpha(0));
        assertThrows(BadInputException.class, () -> config.withDropout(1));
        assertThrows(BadInputException.class, () -> config.withTargets(Set.of()));
    }
}
