package dev.chaku.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class TokenTableTest {
    @Test
    void stringsAreNumberedInOrderAndFound() {
        TokenTable table = new TokenTable(4);
        for (int i = 0; i < 10_000; i++) {
            byte[] text = ("token " + i).getBytes(StandardCharsets.UTF_8);
            assertEquals(i, table.intern(text, 0, text.length));
        }
        for (int i = 0; i < 10_000; i++) {
            byte[] text = ("(token " + i + ")").getBytes(StandardCharsets.UTF_8);
            assertEquals(i, table.find(text, 1, text.length - 1));
            assertEquals(i, table.intern(text, 1, text.length - 1));
            assertArrayEquals(("token " + i).getBytes(StandardCharsets.UTF_8), table.copyOf(i));
            assertEquals(-1, table.find(text, 0, text.length));
        }
        assertEquals(10_000, table.size());
        assertEquals(10, table.longest());
    }

    @Test
    void theEmptyStringIsAString() {
        TokenTable table = new TokenTable(1);
        assertEquals(-1, table.find(new byte[0], 0, 0));
        assertEquals(0, table.intern(new byte[0], 0, 0));
        assertEquals(0, table.find(new byte[3], 2, 2));
    }
}
