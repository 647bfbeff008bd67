package dev.chaku.benchmarks.compare;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.Model;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ModelFileTest {
    @Test
    void aLetterIsAToken(@TempDir Path folder) throws IOException {
        try (Model model = Model.open(ModelFile.in(folder, PeerShape.CHECK, "q4_k_m"))) {
            String text = PlainVocabulary.text(40, 1);
            assertArrayEquals(PlainVocabulary.ids(text), model.tokenizer().encode(text, true, true));
            assertEquals(
                    "<w" + PlainVocabulary.FIRST_WORD + ">", model.tokenizer().piece(PlainVocabulary.FIRST_WORD));
            assertTrue(model.tokenizer().isEndOfGeneration(PlainVocabulary.FIRST_WORD - 1));
        }
    }

    @Test
    void logitsAreSpreadAndNoTwoWordsAreAlike(@TempDir Path folder) throws IOException {
        try (Model model = Model.open(ModelFile.in(folder, PeerShape.CHECK, "q8_0"))) {
            float[] logits = model.logits(PlainVocabulary.ids("abc"))[2];
            double square = 0;
            for (float logit : logits) {
                square += logit * logit / logits.length;
            }
            assertEquals(1, Math.sqrt(square), 0.2);
            float[] sorted = logits.clone();
            Arrays.sort(sorted);
            for (int i = sorted.length - 3; i < sorted.length; i++) {
                assertTrue(sorted[i] > sorted[i - 1], "equal logits would make a greedy choice arbitrary");
            }
        }
    }

    @Test
    void wordsAreReadBack() {
        assertEquals(List.of(258, 2047), PlainVocabulary.words("<w258><w2047>"));
        assertThrows(IllegalArgumentException.class, () -> PlainVocabulary.words("<w258> a"));
        assertThrows(IllegalArgumentException.class, () -> PlainVocabulary.words("x<w258>"));
    }
}
