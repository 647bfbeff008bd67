package dev.chaku.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ByteLinesTest {
    private static List<String> lines(InputStream in) throws IOException {
        ByteLines lines = new ByteLines(in, 3);
        List<String> read = new ArrayList<>();
        for (byte[] line = lines.next(); line != null; line = lines.next()) {
            read.add(lines.offset() + ":" + new String(line, StandardCharsets.UTF_8));
        }
        assertNull(lines.next());
        return read;
    }

    /** A stream that gives one byte at a time, so that every seam falls between two reads. */
    private static InputStream dripping(byte[] bytes) {
        return new ByteArrayInputStream(bytes) {
            @Override
            public synchronized int read(byte[] into, int from, int most) {
                return super.read(into, from, 1);
            }
        };
    }

    @Test
    void linesEndInEveryWayAndStandWhereTheyStand() throws IOException {
        byte[] bytes = "one\n\r\ntwo\r\nü\rx".getBytes(StandardCharsets.UTF_8);
        List<String> expected = List.of("3:one", "7:", "9:two", "14:ü", "17:x");
        assertEquals(expected, lines(new ByteArrayInputStream(bytes)));
        assertEquals(expected, lines(dripping(bytes)));
    }

    @Test
    void aLineMayBeLongerThanTheBuffer() throws IOException {
        String line = "x".repeat(200_000);
        assertEquals(
                List.of("3:" + line, "200004:y"),
                lines(new ByteArrayInputStream((line + "\ny\n").getBytes(StandardCharsets.UTF_8))));
        assertEquals(List.of(), lines(InputStream.nullInputStream()));
    }
}
