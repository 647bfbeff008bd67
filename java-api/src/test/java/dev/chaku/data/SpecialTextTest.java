package dev.chaku.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SpecialTextTest {
  private static final SpecialText SPECIAL = new SpecialText(List.of("<s>", "<s>x", "[END]"));

  @Test
  void marksEverySpellingInside() {
    List<Map<String, Object>> marked =
        SPECIAL.mark(List.of(Map.of("role", "user", "content", "a<s><s>x b [END]"), Map.of("role", "tool")));
    String mark = String.valueOf(SpecialText.MARK);
    assertEquals("a<" + mark + "s><" + mark + "s>x b [" + mark + "END]", marked.get(0).get("content"));
    assertEquals(Map.of("role", "tool"), marked.get(1));
  }

  @Test
  void leavesOtherMessagesAsTheyAre() {
    List<Map<String, Object>> messages = List.of(Map.of("role", "user", "content", "1 < 2, [x], <sx>"));
    assertSame(messages, SPECIAL.mark(messages));
  }

  @Test
  void findsTheLastThatEndsWithinARange() {
    assertEquals(3, SPECIAL.lastEnd("<s>a [END]<s>x", 0, 9));
    assertEquals(10, SPECIAL.lastEnd("<s>a [END]<s>x", 0, 13));
    assertEquals(14, SPECIAL.lastEnd("<s>a [END]<s>x", 0, 14));
    assertEquals(-1, SPECIAL.lastEnd("<s>a [END]<s>x", 3, 9));
  }
}
