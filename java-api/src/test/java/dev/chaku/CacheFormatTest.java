package dev.chaku;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import dev.chaku.internal.arch.FormatMix;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CacheFormatTest {
    @TempDir
    Path folder;

    private Model open(Path file, CacheFormat cache) {
        return Model.open(file, Float32Device.options().withCache(cache));
    }

    /** Rounded keys and values change every logit a little, and none by much. */
    @ParameterizedTest
    @CsvSource({"F16, 0.02", "BF16, 0.15", "Q8_0, 0.25"})
    void changesTheLogitsByItsRounding(CacheFormat cache, double most) {
        check(TinyModel.write(folder.resolve("tiny.gguf"), TinyModel.qwen3(), FormatMix.F32, 1), cache, 1, most);
    }

    /**
     * The same where latents are kept in their place, which are keys and values of all heads. The median token counts:
     * rounding may choose another expert for one.
     */
    @ParameterizedTest
    @CsvSource({"F16, 0.01", "BF16, 0.08"})
    void roundsLatents(CacheFormat cache, double most) {
        FamilyModels.Entry latent = FamilyModels.own().stream()
                .filter(entry -> entry.architecture().equals("deepseek2"))
                .findFirst()
                .orElseThrow();
        check(latent.folder().resolve(latent.entry().get("file").toString()), cache, 0.5, most);
    }

    /**
     * Of the largest difference of each token's logits, the one at a share of all is neither 0 nor as large as most.
     */
    private void check(Path file, CacheFormat cache, double share, double most) {
        try (Model exact = open(file, CacheFormat.F32);
                Model rounded = open(file, cache)) {
            int[] tokens = exact.tokenizer().encode("Two llamas walk into a bar", true, true);
            float[][] expected = exact.logits(tokens);
            float[][] found = rounded.logits(tokens);
            double[] worst = new double[tokens.length];
            for (int t = 0; t < tokens.length; t++) {
                for (int v = 0; v < expected[t].length; v++) {
                    worst[t] = Math.max(worst[t], Math.abs(expected[t][v] - found[t][v]));
                }
            }
            Arrays.sort(worst);
            double off = worst[(int) (share * (tokens.length - 1))];
            assertTrue(off > 0 && off < most, "off by " + off);
            assertEquals(
                    20,
                    rounded.generator()
                            .tokens(tokens)
                            .maxTokens(20)
                            .endless(true)
                            .generate()
                            .tokens()
                            .length);
        }
    }

    @Test
    void headsThatBlocksWouldStraddleAreRefused() {
        Path file = TinyModel.write(folder.resolve("tiny.gguf"), TinyModel.llama(), FormatMix.F32, 1);
        try (Model model = open(file, CacheFormat.Q8_0)) {
            Generator generator = model.generator().prompt("Two llamas");
            String message =
                    assertThrows(BadInputException.class, generator::generate).getMessage();
            assertTrue(message.contains("head_dim of whole blocks of 32 for a Q8_0 cache, got 16"), message);
        }
    }

    @Test
    void isReadByName() {
        assertEquals(CacheFormat.BF16, CacheFormat.parse("bf16"));
        String message = assertThrows(BadInputException.class, () -> CacheFormat.parse("q4_0"))
                .getMessage();
        assertEquals("unknown cache format q4_0; known are f32, f16, bf16, q8_0", message);
    }
}
