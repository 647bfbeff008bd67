package dev.chaku.arch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class RopeScalingTest {
  private static final double BASE = 10000;
  private final double[] plain = RopeScaling.plain(64, BASE);

  @Test
  void plainFrequenciesFallFromOne() {
    assertEquals(1, plain[0]);
    assertEquals(Math.pow(BASE, -62 / 64.0), plain[31], 1e-18);
  }

  @Test
  void noneChangesNothing() {
    assertArrayEquals(plain, new RopeScaling.None().apply(plain, BASE));
    assertEquals(1, new RopeScaling.None().magnitude());
  }

  @Test
  void linearDividesAll() {
    double[] scaled = new RopeScaling.Linear(4).apply(plain, BASE);
    for (int i = 0; i < plain.length; i++) {
      assertEquals(plain[i] / 4, scaled[i]);
    }
  }

  @Test
  void yarnKeepsFastPairsAndInterpolatesSlowOnes() {
    RopeScaling.Yarn yarn = new RopeScaling.Yarn(4, 4096, 32, 1, 0);
    double[] scaled = yarn.apply(plain, BASE);
    assertEquals(plain[0], scaled[0]);
    assertEquals(plain[31] / 4, scaled[31]);
    for (int i = 0; i < plain.length; i++) {
      double turns = 4096 * plain[i] / (2 * Math.PI);
      assertTrue(scaled[i] <= plain[i] && scaled[i] >= plain[i] / 4, "pair " + i);
      // A pair's bounds are rounded outwards to whole pairs, so those well beyond them are unmixed.
      assertEquals(turns > 64 ? plain[i] : turns < 0.5 ? plain[i] / 4 : scaled[i], scaled[i], "pair " + i);
    }
    assertEquals(1 + 0.1 * Math.log(4), yarn.magnitude(), 1e-15);
  }

  @Test
  void aLogMultiplierOfOneCancelsTheMagnitude() {
    assertEquals(1, new RopeScaling.Yarn(4, 4096, 32, 1, 1).magnitude(), 1e-15);
  }
}
