package dev.chaku.arch;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.chaku.gguf.GgmlType;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class FormatMixTest {
  private static GgmlType of(FormatMix mix, DecoderModule module, int layer, long columns) {
    return mix.of(module.at(layer), 16, true, columns);
  }

  @Test
  void plainMixesGiveTheOutputMoreBits() {
    assertEquals(GgmlType.Q4_0, of(FormatMix.Q4_0, DecoderModule.ATTN_V, 0, 2048));
    assertEquals(GgmlType.Q6_K, of(FormatMix.Q4_0, DecoderModule.TOKEN_EMBEDDING, -1, 2048));
    assertEquals(GgmlType.Q4_0, FormatMix.Q4_0.of(DecoderModule.TOKEN_EMBEDDING.at(-1), 16, false, 2048));
    assertEquals(GgmlType.Q8_0, of(FormatMix.Q8_0, DecoderModule.TOKEN_EMBEDDING, -1, 2048));
    assertEquals(GgmlType.F16, of(FormatMix.F16, DecoderModule.TOKEN_EMBEDDING, -1, 2048));
  }

  @Test
  void mediumMixesFavourSomeLayers() {
    List<Integer> favoured =
        IntStream.range(0, 16)
            .filter(l -> of(FormatMix.Q4_K_M, DecoderModule.FFN_DOWN, l, 8192) == GgmlType.Q6_K)
            .boxed()
            .toList();
    assertEquals(List.of(0, 1, 4, 7, 10, 13, 14, 15), favoured);
    assertEquals(GgmlType.Q4_K, of(FormatMix.Q4_K_M, DecoderModule.FFN_UP, 0, 2048));
    assertEquals(GgmlType.Q5_K, of(FormatMix.Q5_K_M, DecoderModule.ATTN_Q, 0, 2048));
  }

  /** The rows of the reference's own stories260K files: 64 and 172 long. */
  @Test
  void rowsThatDoNotFitFallBack() {
    assertEquals(GgmlType.Q5_0, of(FormatMix.Q4_K_M, DecoderModule.ATTN_Q, 0, 896));
    assertEquals(GgmlType.Q8_0, of(FormatMix.Q4_K_M, DecoderModule.ATTN_V, 0, 896));
    assertEquals(GgmlType.Q8_0, of(FormatMix.Q4_0, DecoderModule.TOKEN_EMBEDDING, -1, 64));
    assertEquals(GgmlType.F16, of(FormatMix.Q4_0, DecoderModule.FFN_DOWN, 0, 172));
    assertEquals(GgmlType.F16, of(FormatMix.Q8_0, DecoderModule.FFN_DOWN, 0, 172));
  }
}
