package dev.chaku.data.doctor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
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
      assertNull(hashes.similar(texts[i]));
      hashes.add(i, texts[i]);
    }
    int found = 0;
    for (int i = 0; i < texts.length; i++) {
      String changed = texts[i].replaceFirst(" \\w+ ", " other ");
      assertTrue(MinHash.similarity(texts[i], changed) > 0.9);
      Integer similar = hashes.similar(changed);
      found += similar != null && similar == i ? 1 : 0;
    }
    assertTrue(found >= 199, "found " + found);
  }

  @Test
  void caseAndWhiteSpaceMakeNoDifference() {
    MinHash hashes = new MinHash();
    hashes.add(5, "The quick  brown fox\njumps");
    assertEquals(5, hashes.similar("the QUICK brown fox jumps "));
    hashes.add(6, "ab");
    assertEquals(6, hashes.similar("AB"));
    assertNull(hashes.similar(""));
  }
}
