package dev.chaku.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.chaku.errors.BadInputException;
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
    void readsTheNamesOfOtherFamilies() {
        Set<LoraTarget> threeOfAttention = Set.of(LoraTarget.Q, LoraTarget.K, LoraTarget.V);
        for (String name : List.of("c_attn", "query_key_value", "Wqkv", "qkv_proj")) {
            assertEquals(threeOfAttention, LoraTarget.parse(List.of(name)), name);
        }
        assertEquals(Set.of(LoraTarget.O, LoraTarget.DOWN), LoraTarget.parse(List.of("c_proj")));
        assertEquals(Set.of(LoraTarget.O), LoraTarget.parse(List.of("attn.c_proj")));
        assertEquals(
                Set.of(LoraTarget.O, LoraTarget.UP, LoraTarget.DOWN),
                LoraTarget.parse(List.of("dense", "fc1", "dense_4h_to_h")));
        assertEquals(Set.of(LoraTarget.MIX_IN, LoraTarget.MIX_GATE), LoraTarget.parse(List.of("in_proj_qkvz")));
        assertEquals(Set.of(LoraTarget.OUTPUT), LoraTarget.parse(List.of("embed_out")));
    }

    @Test
    void namesWhatItDoesNotKnow() {
        assertEquals(
                "targets: expected all, attention, experts, shared_expert, mixer or q, k, v, o, gate, up, down, expert_gate, "
                        + "expert_up, expert_down, shared_gate, shared_up, shared_down, mix_in, mix_gate, mix_input_gate, mix_beta, mix_alpha, mix_out, "
                        + "q_a, q_b, kv_a, kv_b, layer_gate, layer_out, output, found 'w1'",
                assertThrows(BadInputException.class, () -> LoraTarget.parse(List.of("q", "w1")))
                        .getMessage());
        assertThrows(BadInputException.class, () -> LoraTarget.parse(List.of()));
    }
}
