package dev.chaku.data.doctor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;

class MinHashTest {
    private static String words(Random random, int n) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < n; i++) {
            text.append(Integer.toString(random.nextInt(100_000), 36)).append(' ');
        }
        return text.toString();
    }

    @Test
    void findsTextsThatDifferInOneWordAndNoOthers() {
        Random random = new Random(4);
        MinHash hashes = new MinHash();
        String[] texts = new String[200];
        for (int i = 0; i < texts.length; i++) {
            texts[i] = words(random, 60);
            assertEquals(-1, hashes.similar(MinHash.sketch(texts[i])));
            hashes.add(1000 + i, MinHash.sketch(texts[i]));
        }
        int found = 0;
        for (int i = 0; i < texts.length; i++) {
            String changed = texts[i].replaceFirst(" \\w+ ", " other ");
            assertTrue(MinHash.similarity(texts[i], changed) > 0.9);
            found += hashes.similar(MinHash.sketch(changed)) == 1000 + i ? 1 : 0;
        }
        assertTrue(found >= 199, "found " + found);
    }

    @Test
    void caseAndWhiteSpaceMakeNoDifference() {
        MinHash hashes = new MinHash();
        hashes.add(1, MinHash.sketch("The quick  brown fox\njumps"));
        assertEquals(1, hashes.similar(MinHash.sketch("the QUICK brown fox jumps ")));
        hashes.add(2, MinHash.sketch("ab"));
        assertEquals(2, hashes.similar(MinHash.sketch("AB")));
        assertEquals(-1, hashes.similar(MinHash.sketch("")));
    }
}
