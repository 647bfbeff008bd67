package dev.chaku.arch;

import dev.chaku.gguf.GgufFile;
import dev.chaku.internal.ExpertOptions.Gating;

/** Qwen3-MoE: query and key heads are normalised before the rotation; no shared expert. */
final class Qwen3MoeFamily implements ModelFamily {
  private static final DenseTraits TRAITS =
      new DenseTraits(
          RopeSpec.Pairing.HALVES,
          DenseTraits.Presence.NONE,
          DenseTraits.Presence.NONE,
          DenseTraits.Presence.NONE,
          DenseTraits.Presence.REQUIRED,
          false);

  private static final ExpertTraits EXPERTS =
      new ExpertTraits(Gating.SOFTMAX, true, DenseTraits.Presence.NONE, false, true);

  @Override
  public String architecture() {
    return "qwen3moe";
  }

  @Override
  public DecoderSpec map(GgufFile file) {
    return new DenseDecoder(file, architecture(), TRAITS).experts(EXPERTS).map();
  }
}
