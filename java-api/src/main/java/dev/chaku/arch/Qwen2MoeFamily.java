package dev.chaku.arch;

import dev.chaku.gguf.GgufFile;
import dev.chaku.internal.ExpertOptions.Gating;

/** Qwen1.5-MoE and Qwen2-MoE: biases of query, key and value, and a shared expert with a gate of its own. */
final class Qwen2MoeFamily implements ModelFamily {
  private static final DenseTraits TRAITS =
      new DenseTraits(
          RopeSpec.Pairing.HALVES,
          DenseTraits.Presence.REQUIRED,
          DenseTraits.Presence.OPTIONAL,
          DenseTraits.Presence.NONE,
          DenseTraits.Presence.NONE,
          false);

  private static final ExpertTraits EXPERTS =
      new ExpertTraits(Gating.SOFTMAX, false, DenseTraits.Presence.NONE, true, true);

  @Override
  public String architecture() {
    return "qwen2moe";
  }

  @Override
  public DecoderSpec map(GgufFile file) {
    return new DenseDecoder(file, architecture(), TRAITS).experts(EXPERTS).map();
  }
}
