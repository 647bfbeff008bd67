package dev.chaku.arch;

import dev.chaku.gguf.GgufFile;
import dev.chaku.internal.ExpertOptions.Gating;

/**
 * Llama and what is stored under its name: mistral, mixtral (with experts), smollm, yi, deepseek dense and others. Files hold query and key rows
 * permuted so that adjacent values form a pair.
 */
final class LlamaFamily implements ModelFamily {
  private static final DenseTraits TRAITS =
      new DenseTraits(
          RopeSpec.Pairing.ADJACENT,
          DenseTraits.Presence.OPTIONAL,
          DenseTraits.Presence.OPTIONAL,
          DenseTraits.Presence.OPTIONAL,
          DenseTraits.Presence.NONE,
          true);

  private static final ExpertTraits EXPERTS =
      new ExpertTraits(Gating.SOFTMAX, true, DenseTraits.Presence.NONE, false, false);

  @Override
  public String architecture() {
    return "llama";
  }

  @Override
  public DecoderSpec map(GgufFile file) {
    return new DenseDecoder(file, architecture(), TRAITS).experts(EXPERTS).map();
  }
}
