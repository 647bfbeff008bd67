package dev.chaku;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import dev.chaku.internal.arch.FormatMix;
import java.nio.file.Path;
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
        Path file = TinyModel.write(folder.resolve("tiny.gguf"), TinyModel.qwen3(), FormatMix.F32, 1);
        try (Model exact = open(file, CacheFormat.F32);
                Model rounded = open(file, cache)) {
            int[] tokens = exact.tokenizer().encode("Two llamas walk into a bar", true, true);
            float[][] expected = exact.logits(tokens);
            float[][] found = rounded.logits(tokens);
            double worst = 0;
            for (int t = 0; t < tokens.length; t++) {
                for (int v = 0; v < expected[t].length; v++) {
                    worst = Math.max(worst, Math.abs(expected[t][v] - found[t][v]));
                }
            }
            assertTrue(worst > 0 && worst < most, "off by " + worst);
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
