package dev.chaku.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class ByteAlphabetTest {
    @Test
    void everyByteComesBack() {
        byte[] all = new byte[256];
        for (int i = 0; i < 256; i++) {
            all[i] = (byte) i;
        }
        String spelling = ByteAlphabet.encode(all);
        assertEquals(256, spelling.chars().distinct().count());
        byte[] utf8 = spelling.getBytes(StandardCharsets.UTF_8);
        byte[] back = new byte[utf8.length];
        assertEquals(256, ByteAlphabet.decode(utf8, 0, utf8.length, back));
        assertArrayEquals(all, Arrays.copyOf(back, 256));
    }

    @Test
    void theWellKnownOnes() {
        assertEquals('\u0120', ByteAlphabet.charOf(' '));
        assertEquals('\u010a', ByteAlphabet.charOf('\n'));
        assertEquals('a', ByteAlphabet.charOf('a'));
        assertEquals('\u0143', ByteAlphabet.charOf(0xad));
    }

    @Test
    void whatStandsForNoByteIsTold() {
        for (String other : new String[] {" ", "a b", "\u0144", "着", "🦙", "\u0000", "\u00ad"}) {
            byte[] utf8 = other.getBytes(StandardCharsets.UTF_8);
            assertEquals(-1, ByteAlphabet.decode(utf8, 0, utf8.length, new byte[utf8.length]), other);
        }
        assertEquals(-1, ByteAlphabet.decode(new byte[] {(byte) 0xc3}, 0, 1, new byte[1]));
        assertEquals(-1, ByteAlphabet.decode(new byte[] {(byte) 0x80}, 0, 1, new byte[1]));
        assertEquals(-1, ByteAlphabet.decode(new byte[] {(byte) 0xc4, 'a'}, 0, 2, new byte[2]));
    }
}
