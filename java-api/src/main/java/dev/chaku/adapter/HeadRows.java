package dev.chaku.adapter;

import dev.chaku.arch.DecoderModule;
import dev.chaku.arch.DecoderSpec;
import dev.chaku.internal.LayerOptions;
import java.util.Set;

/**
 * The order of the rows of query and key projections. Hugging Face rotates the halves of a head against each other, the
 * GGUF files of some families rotate neighbours, and their converter reorders the rows of each head to suit: row 2i + s
 * of a head in GGUF is row s * Dh/2 + i in Hugging Face, s being 0 or 1. Of an adapter only B has those rows.
 */
public final class HeadRows {
  /** Families whose converter reorders. Those that rotate neighbours on both sides (cohere, glm4) do not belong here. */
  private static final Set<String> REORDERED = Set.of("llama", "smollm3", "granite", "mistral3");

  private HeadRows() {}

  /** The row in Hugging Face's order that stands at a row of a reordered matrix in GGUF. */
  public static long huggingFaceRow(long row, int headDim) {
    long within = row % headDim;
    return row - within + within % 2 * (headDim / 2) + within / 2;
  }

  /** Whether the rows of this product stand in another order in GGUF. */
  public static boolean areReordered(String architecture, DecoderModule module) {
    return REORDERED.contains(architecture)
        && (module == DecoderModule.ATTN_Q || module == DecoderModule.ATTN_K);
  }

  /** The pair with the rows of B in GGUF's order, from Hugging Face's. */
  static LoraPair toGguf(LoraPair pair, DecoderSpec spec) {
    return reorder(pair, spec, true);
  }

  /** The pair with the rows of B in Hugging Face's order, from GGUF's. */
  static LoraPair toHuggingFace(LoraPair pair, DecoderSpec spec) {
    return reorder(pair, spec, false);
  }

  private static LoraPair reorder(LoraPair pair, DecoderSpec spec, boolean toGguf) {
    if (!areReordered(spec.architecture(), pair.place().module())) {
      return pair;
    }
    LayerOptions layer = spec.layers().get(pair.place().layer());
    int headDim = layer.headDim();
    int rank = pair.rank();
    float[] b = new float[pair.b().length];
    for (int row = 0; row < pair.outputs(); row++) {
      int huggingFace = (int) huggingFaceRow(row, headDim);
      int from = toGguf ? huggingFace : row;
      int to = toGguf ? row : huggingFace;
      System.arraycopy(pair.b(), from * rank, b, to * rank, rank);
    }
    return new LoraPair(pair.place(), rank, pair.inputs(), pair.outputs(), pair.a(), b);
  }
}
