package dev.chaku.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgufArray;
import dev.chaku.gguf.GgufMetadata;
import dev.chaku.gguf.GgufValue;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class CharacterTableTest {
    private static CharacterTable table(byte[] blob) {
        Map<String, GgufValue> metadata = new LinkedHashMap<>();
        metadata.put("tokenizer.ggml.precompiled_charsmap", GgufArray.Numbers.of(blob));
        return CharacterTable.of(new GgufMetadata("m.gguf", metadata)).orElseThrow();
    }

    private static String longest(CharacterTable table, String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        return new String(table.replaceLongest(utf8, 0, utf8.length), StandardCharsets.UTF_8);
    }

    @Test
    void theLongestStretchIsReplaced() {
        CharacterTable table = table(CharacterTables.blob(Map.of(
                "\uff21", "A", "e\u0301", "\u00e9", "e", "E", "\u3000", " ", "\u200b", "", "\ud83d\ude00", ":)")));
        assertEquals("A\u00e9Ex :)", longest(table, "\uff21e\u0301ex\u3000\u200b\ud83d\ude00"));
        assertEquals("", longest(table, ""));
    }

    @Test
    void clustersAreReplacedByTheirFirstStretch() {
        CharacterTable table =
                table(CharacterTables.blob(Map.of("e\u0301", "\u00e9", "\uff21", "A", "a", "x", "a\u0301", "y")));
        assertEquals("\u00e9Ax", table.replaceClusters("e\u0301\uff21a\u0301"), "the shortest of two, as they have it");
    }

    /** Against a plain search through all keys. */
    @Test
    void randomTables() {
        Random random = new Random(3);
        for (int round = 0; round < 50; round++) {
            Map<String, String> map = new HashMap<>();
            for (int i = 0; i < 40; i++) {
                map.put(letters(random, 1 + random.nextInt(3)), letters(random, random.nextInt(3)));
            }
            CharacterTable table = table(CharacterTables.blob(map));
            for (int i = 0; i < 20; i++) {
                String text = letters(random, random.nextInt(30));
                assertEquals(plain(map, text), longest(table, text), () -> "of " + map);
            }
        }
    }

    private static String letters(Random random, int n) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < n; i++) {
            text.appendCodePoint("ab\u00e9\u3042\ud83d\ude00".codePoints().toArray()[random.nextInt(5)]);
        }
        return text.toString();
    }

    private static String plain(Map<String, String> map, String text) {
        StringBuilder out = new StringBuilder();
        int at = 0;
        while (at < text.length()) {
            int end = text.length();
            while (end > at && !map.containsKey(text.substring(at, end))) {
                end--;
            }
            if (end == at) {
                out.appendCodePoint(text.codePointAt(at));
                at += Character.charCount(text.codePointAt(at));
            } else {
                out.append(map.get(text.substring(at, end)));
                at = end;
            }
        }
        return out.toString();
    }

    @Test
    void damagedTablesAreRefused() {
        byte[] good = CharacterTables.blob(Map.of("a", "b", "abc", "d"));
        for (byte[] bad : new byte[][] {{1, 2}, {4, 0, 0, 0}, {3, 0, 0, 0, 1, 1, 1, 1}, {0, 0, 0, 0}}) {
            BadInputException e = assertThrows(BadInputException.class, () -> table(bad));
            assertTrue(e.getMessage().startsWith("m.gguf: metadata key 'tokenizer.ggml.precompiled_charsmap'"));
        }
        Random random = new Random(1);
        for (int i = 0; i < 2000; i++) {
            byte[] bad = good.clone();
            for (int n = 0; n < 3; n++) {
                bad[4 + random.nextInt(bad.length - 4)] = (byte) random.nextInt(256);
            }
            try {
                longest(table(bad), "abcabdaba");
            } catch (BadInputException e) {
                assertTrue(e.getMessage().contains("precompiled_charsmap"));
            }
        }
    }
}
