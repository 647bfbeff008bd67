package dev.chaku.internal.io;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class Sha256Test {
    /** FIPS 180-2, appendix B.1. */
    private static final String ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    private static final byte[] TEXT = "abc".getBytes(StandardCharsets.US_ASCII);

    @Test
    void sumsTheSameHoweverTheBytesCome(@TempDir Path folder) throws IOException {
        assertEquals(ABC, new Sha256().add(TEXT).hex());
        assertEquals(ABC, Sha256.of(Files.write(folder.resolve("abc"), TEXT)));
        Sha256 sum = new Sha256();
        ByteBuffer bytes = ByteBuffer.wrap(TEXT);
        sum.channel().write(bytes.limit(1));
        sum.add(bytes.limit(3));
        assertEquals(ABC, sum.hex());
    }

    @Test
    void readingASumBeginsTheNext() {
        Sha256 sum = new Sha256().add(new byte[] {1});
        assertEquals(32, sum.bytes().length);
        assertEquals(ABC, sum.add(TEXT).hex());
    }

    @Test
    void aFileLargerThanTheBufferIsReadWhole(@TempDir Path folder) throws IOException {
        byte[] bytes = new byte[200_001];
        bytes[200_000] = 7;
        assertEquals(new Sha256().add(bytes).hex(), Sha256.of(Files.write(folder.resolve("large"), bytes)));
    }
}
