package dev.chaku.arch;

import dev.chaku.gguf.GgmlType;
import java.util.Locale;

/**
 * Which format each tensor of a quantized model gets. The choices are those of llama.cpp's quantizer, so that sizes and
 * speeds can be compared: vectors stay F32; the output projection, or the embedding in its place, gets more bits; the
 * {@code _M} mixes give some of the value and down projections more bits; a row that is no multiple of a format's block
 * falls back to a format with a smaller block.
 */
public enum FormatMix {
  F32(GgmlType.F32, false),
  F16(GgmlType.F16, false),
  BF16(GgmlType.BF16, false),
  Q8_0(GgmlType.Q8_0, false),
  Q4_0(GgmlType.Q4_0, false),
  Q4_K_M(GgmlType.Q4_K, true),
  Q5_K_M(GgmlType.Q5_K, true),
  Q6_K(GgmlType.Q6_K, false);

  private final GgmlType base;
  private final boolean moreBits;

  FormatMix(GgmlType base, boolean moreBits) {
    this.base = base;
    this.moreBits = moreBits;
  }

  /** The name as command lines write it, for instance {@code q4_k_m}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * The format of a matrix.
   *
   * @param place where it is used
   * @param layers number of layers of the model
   * @param tied whether the embedding also serves as output projection
   * @param columns length of a row
   */
  public GgmlType of(DecoderModule.Place place, int layers, boolean tied, long columns) {
    if (!base.isQuantized()) {
      return base;
    }
    GgmlType type = base;
    DecoderModule module = place.module();
    if (module == DecoderModule.OUTPUT || (module == DecoderModule.TOKEN_EMBEDDING && tied)) {
      type = base == GgmlType.Q8_0 ? base : GgmlType.Q6_K;
    } else if (moreBits && (module == DecoderModule.ATTN_V || module == DecoderModule.FFN_DOWN)) {
      type = isFavoured(place.layer(), layers) ? GgmlType.Q6_K : base;
    }
    return fitting(type, columns);
  }

  /** The first and last eighth of the layers, and every third between. */
  private static boolean isFavoured(int layer, int layers) {
    return layer < layers / 8 || layer >= 7 * layers / 8 || (layer - layers / 8) % 3 == 2;
  }

  private static GgmlType fitting(GgmlType type, long columns) {
    GgmlType fitting = type;
    if (columns % fitting.blockElements() != 0) {
      fitting =
          switch (type) {
            case Q4_K -> GgmlType.Q5_0;
            case Q5_K -> GgmlType.Q5_1;
            case Q6_K -> GgmlType.Q8_0;
            default -> GgmlType.F16;
          };
    }
    return columns % fitting.blockElements() == 0 ? fitting : GgmlType.F16;
  }
}
