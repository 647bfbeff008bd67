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
    assertEquals(
        Set.of(LoraTarget.EXPERT_GATE, LoraTarget.EXPERT_UP, LoraTarget.EXPERT_DOWN, LoraTarget.SHARED_UP),
        LoraTarget.parse(List.of("experts", "shared_up")));
    assertEquals(LoraTarget.sharedExpert(), LoraTarget.parse(List.of("shared_expert")));
  }

  @Test
  void namesWhatItDoesNotKnow() {
    assertEquals(
        "LoRA targets: expected all, attention, experts, shared_expert, mixer or q, k, v, o, gate, up, down, expert_gate, "
            + "expert_up, expert_down, shared_gate, shared_up, shared_down, mix_in, mix_gate, mix_input_gate, mix_beta, mix_alpha, mix_out, output, found 'w1'",
        assertThrows(BadInputException.class, () -> LoraTarget.parse(List.of("q", "w1"))).getMessage());
    assertThrows(BadInputException.class, () -> LoraTarget.parse(List.of()));
  }
}
