package dev.chaku.arch;

import dev.chaku.gguf.GgufFile;

/** Qwen2 and Qwen2.5: biases on query, key and value. */
final class Qwen2Family implements ModelFamily {
  private static final DenseTraits TRAITS =
      new DenseTraits(
          RopeSpec.Pairing.HALVES,
          DenseTraits.Presence.REQUIRED,
          DenseTraits.Presence.NONE,
          DenseTraits.Presence.NONE,
          DenseTraits.Presence.NONE,
          false);

  @Override
  public String architecture() {
    return "qwen2";
  }

  @Override
  public DecoderSpec map(GgufFile file) {
    return new DenseDecoder(file, architecture(), TRAITS).map();
  }
}
