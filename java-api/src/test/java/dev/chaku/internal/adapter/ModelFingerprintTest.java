package dev.chaku.internal.adapter;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelFingerprintTest {
    @TempDir
    Path folder;

    private String of(byte[] bytes) throws IOException {
        return ModelFingerprint.of(Files.write(folder.resolve("f"), bytes));
    }

    @Test
    void tellsFilesApartByHeadSizeAndSamples() throws IOException {
        byte[] bytes = new byte[3 << 20];
        new Random(1).nextBytes(bytes);
        String whole = of(bytes);
        assertEquals(whole, of(bytes.clone()));
        assertEquals(64, whole.length());
        byte[] head = bytes.clone();
        head[1000]++;
        assertNotEquals(whole, of(head));
        byte[] end = bytes.clone();
        end[end.length - 1]++;
        assertNotEquals(whole, of(end));
        byte[] other = bytes.clone();
        new Random(2).nextBytes(other);
        System.arraycopy(bytes, 0, other, 0, 1 << 20);
        assertNotEquals(whole, of(other), "other weights under the same head");
        assertNotEquals(whole, of(Arrays.copyOf(bytes, bytes.length + 1)));
        assertNotEquals(of(new byte[] {1}), of(new byte[] {2}));
        assertNotEquals(of(new byte[0]), of(new byte[1]));
    }
}
