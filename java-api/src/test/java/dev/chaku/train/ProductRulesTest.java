package dev.chaku.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import dev.chaku.train.ProductRules.LayerRange;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ProductRulesTest {
    @Test
    void rangesAreReadAndWritten() {
        for (String text : List.of("0-7", "12", "20-")) {
            assertEquals(text, LayerRange.parse(text).label());
        }
        ProductRules rules = ProductRules.NONE.withLayers(List.of(LayerRange.parse("1-2"), LayerRange.parse("5-")));
        assertFalse(rules.adapts(0));
        assertTrue(rules.adapts(1));
        assertTrue(rules.adapts(2));
        assertFalse(rules.adapts(4));
        assertTrue(rules.adapts(500));
        assertTrue(rules.adapts(-1));
        for (String wrong : List.of("", "-", "a", "3-1", "1-2-3", "-4")) {
            assertThrows(BadInputException.class, () -> LayerRange.parse(wrong), wrong);
        }
    }

    @Test
    void theFirstPatternThatIsFoundCounts() {
        Map<String, Integer> ranks = new LinkedHashMap<>();
        ranks.put("blk\\.0\\.", 2);
        ranks.put("ffn_down", 32);
        LoraConfig lora =
                LoraConfig.rank(8).withRules(ProductRules.NONE.withRanks(ranks).withAlphas(Map.of("attn_q$", 4.0)));
        assertEquals(2, lora.rankOf("blk.0.ffn_down"));
        assertEquals(32, lora.rankOf("blk.10.ffn_down"));
        assertEquals(8, lora.rankOf("blk.10.ffn_up"));
        assertEquals(16.0 / 32, lora.scaleOf("blk.10.ffn_down"));
        assertEquals(4.0 / 8, lora.scaleOf("blk.3.attn_q"));
        assertEquals(2, lora.withRsLora(true).withAlpha(4).scaleOf("blk.0.attn_q") * Math.sqrt(2) / 2, 1e-12);
    }

    @Test
    void whatIsNoRuleIsRefused() {
        assertThrows(BadInputException.class, () -> ProductRules.NONE.withProducts(List.of("(")));
        assertThrows(BadInputException.class, () -> ProductRules.NONE.withRanks(Map.of("ffn", 0)));
        assertThrows(BadInputException.class, () -> ProductRules.NONE.withAlphas(Map.of("ffn", -1.0)));
        assertThrows(BadInputException.class, () -> ProductRules.NONE.withAlphas(Map.of(" ", 1.0)));
    }
}
