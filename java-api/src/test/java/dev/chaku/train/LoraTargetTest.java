package dev.chaku.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.chaku.BadInputException;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class LoraTargetTest {
  @Test
  void readsBothSpellings() {
    assertEquals(Set.of(LoraTarget.Q, LoraTarget.GATE), LoraTarget.parse(List.of("q", "gate_proj")));
    assertEquals(LoraTarget.allLinear(), LoraTarget.parse(List.of("all")));
    assertEquals(LoraTarget.attention(), LoraTarget.parse(List.of("attention")));
    assertEquals(Set.of(LoraTarget.OUTPUT), LoraTarget.parse(List.of("lm_head")));
  }

  @Test
  void namesWhatItDoesNotKnow() {
    assertEquals(
        "LoRA targets: expected all, attention or q, k, v, o, gate, up, down, output, found 'w1'",
        assertThrows(BadInputException.class, () -> LoraTarget.parse(List.of("q", "w1"))).getMessage());
    assertThrows(BadInputException.class, () -> LoraTarget.parse(List.of()));
  }
}
