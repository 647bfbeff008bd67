package dev.chaku.arch;

import dev.chaku.gguf.GgufFile;
import dev.chaku.internal.ExpertOptions.Gating;
import dev.chaku.internal.LayerOptions;
import java.util.ArrayList;
import java.util.List;

/** gpt-oss: attention sinks, windows in every other layer, biases everywhere, and experts with a clamped gate. */
final class GptOssFamily implements ModelFamily {
  private static final DenseTraits TRAITS =
      new DenseTraits(
          RopeSpec.Pairing.HALVES,
          DenseTraits.Presence.REQUIRED,
          DenseTraits.Presence.REQUIRED,
          DenseTraits.Presence.NONE,
          DenseTraits.Presence.NONE,
          true);

  private static final ExpertTraits EXPERTS =
      new ExpertTraits(Gating.SOFTMAX_TOP_K, false, DenseTraits.Presence.REQUIRED, false, true);

  @Override
  public String architecture() {
    return "gpt-oss";
  }

  @Override
  public DecoderSpec map(GgufFile file) {
    DecoderSpec spec =
        new DenseDecoder(file, architecture(), TRAITS)
            .experts(EXPERTS)
            .sinks()
            .rename(DecoderModule.FFN_NORM, "post_attention_norm")
            .map();
    List<LayerOptions> layers = new ArrayList<>();
    for (LayerOptions layer : spec.layers()) {
      boolean windowed = layers.size() % 2 == 0;
      layers.add(layer.with(LayerOptions.CLAMPED_SWIGLU, windowed ? layer.window() : 0));
    }
    return new DecoderSpec(
        spec.architecture(), spec.contextLength(), spec.decoder(), spec.ropes(), layers, spec.tensors());
  }
}
