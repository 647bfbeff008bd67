package dev.chaku.internal.data;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class DigestTableTest {
    @Test
    void keepsTheFirstNumberOfEveryText() {
        Random random = new Random(2);
        DigestTable table = new DigestTable();
        Map<TextDigest, Integer> expected = new HashMap<>();
        for (int i = 0; i < 20_000; i++) {
            TextDigest text = new TextDigest((long) random.nextInt(100) << 57 | random.nextInt(9), random.nextInt(100));
            Integer before = expected.putIfAbsent(text, i);
            assertEquals(before == null ? DigestTable.NONE : before, table.putIfAbsent(text, i));
        }
        expected.forEach((text, number) -> assertEquals(number, table.get(text)));
        assertEquals(DigestTable.NONE, table.get(new TextDigest(-1, 0)));
    }
}
