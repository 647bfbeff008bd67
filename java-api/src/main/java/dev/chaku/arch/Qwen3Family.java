package dev.chaku.arch;

import dev.chaku.gguf.GgufFile;

/** Qwen3: each query and key head is normalised before the rotation. */
final class Qwen3Family implements ModelFamily {
  private static final DenseTraits TRAITS =
      new DenseTraits(
          RopeSpec.Pairing.HALVES,
          DenseTraits.Presence.NONE,
          DenseTraits.Presence.NONE,
          DenseTraits.Presence.NONE,
          DenseTraits.Presence.REQUIRED,
          false);

  @Override
  public String architecture() {
    return "qwen3";
  }

  @Override
  public DecoderSpec map(GgufFile file) {
    return new DenseDecoder(file, architecture(), TRAITS).map();
  }
}
