package dev.chaku.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.chaku.BadInputException;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ColumnMapTest {
  @Test
  void renamesColumnsAndLeavesTheOthers() throws RecordFault {
    assertEquals(
        Map.of("prompt", "a", "completion", "b", "id", 1),
        ColumnMap.parse("prompt=act, completion=prompt").apply(Map.of("act", "a", "prompt", "b", "id", 1)));
  }

  @Test
  void fillsColumnsIntoAText() throws RecordFault {
    assertEquals(
        "$1: a (5)", ColumnMap.parse("prompt=$1: {word} ({n})").apply(Map.of("word", "a", "n", 5)).get("prompt"));
  }

  @Test
  void namesTheColumnThatIsMissing() {
    assertEquals(
        "expected a column 'x', found [y]",
        assertThrows(RecordFault.class, () -> ColumnMap.parse("prompt=x").apply(Map.of("y", 1))).getMessage());
    assertThrows(RecordFault.class, () -> ColumnMap.parse("prompt={x}!").apply(Map.of("y", 1)));
    assertThrows(BadInputException.class, () -> ColumnMap.parse("prompt"));
  }
}
