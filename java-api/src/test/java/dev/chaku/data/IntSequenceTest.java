package dev.chaku.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class IntSequenceTest {
  @Test
  void growsAndKeepsTheOrder() {
    IntSequence sequence = new IntSequence();
    for (int i = 0; i < 1000; i++) {
      sequence.add(i);
    }
    assertEquals(1000, sequence.size());
    assertEquals(999, sequence.get(999));
    assertArrayEquals(IntSequence.upTo(1000), sequence.toArray());
  }

  @Test
  void shufflesAsTheJdkShufflesAList() {
    for (int n : new int[] {0, 1, 2, 5, 100}) {
      int[] values = IntSequence.upTo(n);
      List<Integer> list = new ArrayList<>(Arrays.stream(values).boxed().toList());
      IntSequence.shuffle(values, new Random(7));
      Collections.shuffle(list, new Random(7));
      assertEquals(list, Arrays.stream(values).boxed().toList());
    }
  }
}
