package dev.chaku.internal.huggingface;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SafetensorsTest {
    @TempDir
    Path folder;

    private Path file(String header, int dataBytes) throws IOException {
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        ByteBuffer bytes = ByteBuffer.allocate(8 + json.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(json.length).put(json);
        return Files.write(folder.resolve("x.safetensors"), bytes.array());
    }

    @Test
    void readsWhatItWrote() {
        Path path = folder.resolve("w.safetensors");
        FloatBuffer a = FloatBuffer.wrap(new float[] {1, -2, 3.5f, 4, 5, 6});
        FloatBuffer b = FloatBuffer.wrap(new float[] {7});
        Safetensors.write(
                path,
                Map.of("format", "pt"),
                List.of(new Safetensors.Source("a", List.of(2L, 3L), a), new Safetensors.Source("b", List.of(1L), b)));
        Safetensors read = Safetensors.read(path);
        assertEquals(Map.of("format", "pt"), read.metadata());
        assertEquals(List.of(2L, 3L), read.tensors().get("a").shape());
        assertArrayEquals(a.array(), read.floats("a"));
        assertArrayEquals(b.array(), read.floats("b"));
        assertEquals(0, a.position(), "the caller's buffer stays");
    }

    @Test
    void theDataAreAligned() throws IOException {
        Path path = folder.resolve("w.safetensors");
        FloatBuffer values = FloatBuffer.allocate(1);
        Safetensors.write(path, Map.of(), List.of(new Safetensors.Source("abc", List.of(1L), values)));
        assertEquals(
                0,
                ByteBuffer.wrap(Files.readAllBytes(path))
                                .order(ByteOrder.LITTLE_ENDIAN)
                                .getLong()
                        % 8);
    }

    @Test
    void decodesHalfPrecision() throws IOException {
        Path path = file(
                "{\"__metadata__\":null,\"h\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[0,4]},"
                        + "\"b\":{\"dtype\":\"BF16\",\"shape\":[1],\"data_offsets\":[4,6]},"
                        + "\"d\":{\"dtype\":\"F64\",\"shape\":[],\"data_offsets\":[6,14]}}",
                14);
        byte[] bytes = Files.readAllBytes(path);
        ByteBuffer data = ByteBuffer.wrap(bytes, bytes.length - 14, 14).slice().order(ByteOrder.LITTLE_ENDIAN);
        data.putShort((short) 0x3C00)
                .putShort((short) 0xC100)
                .putShort((short) 0x3F80)
                .putDouble(0.25);
        Files.write(path, bytes);
        Safetensors read = Safetensors.read(path);
        assertArrayEquals(new float[] {1, -2.5f}, read.floats("h"));
        assertArrayEquals(new float[] {1}, read.floats("b"));
        assertArrayEquals(new float[] {0.25f}, read.floats("d"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{'a':{'dtype':'F32','shape':[1],'data_offsets':[0,4]}} | 8 | fill the 8 bytes",
                "{'a':{'dtype':'F32','shape':[1],'data_offsets':[4,8]}} | 8 | expected data from 0",
                "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]},'b':{'dtype':'F32','shape':[1],'data_offsets':[4,8]}}"
                        + " | 8 | expected data from 8",
                "{'a':{'dtype':'F32','shape':[3],'data_offsets':[0,8]}} | 8 | expects 12 bytes, found 8",
                "{'a':{'dtype':'F32','shape':[-2],'data_offsets':[0,8]}} | 8 | is negative",
                "{'a':{'dtype':'F32','shape':[4294967296,4294967296],'data_offsets':[0,8]}} | 8 | is too large",
                "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,-8]}} | 8 | expects 8 bytes, found -8",
                "{'a':{'shape':[2],'data_offsets':[0,8]}} | 8 | expected dtype, shape and two data_offsets",
                "{'a':{'dtype':'F32','shape':[1.5],'data_offsets':[0,8]}} | 8 | whole numbers",
                "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]} | 8 | cannot be read",
                "[] | 0 | expected a JSON object",
                "{'__metadata__':{'a':1}} | 0 | a string for __metadata__.a",
            })
    void refusesDamage(String header, int dataBytes, String message) throws IOException {
        Path path = file(header.replace('\'', '"'), dataBytes);
        BadInputException e = assertThrows(BadInputException.class, () -> Safetensors.read(path));
        assertTrue(e.getMessage().startsWith(path + ": ") && e.getMessage().contains(message), e.getMessage());
    }

    @Test
    void refusesLyingHeaderLengths() throws IOException {
        for (long length : new long[] {0, 1, 9, Long.MAX_VALUE, -1}) {
            Path path = folder.resolve("x.safetensors");
            Files.write(
                    path,
                    ByteBuffer.allocate(16)
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .putLong(length)
                            .array());
            BadInputException e = assertThrows(BadInputException.class, () -> Safetensors.read(path));
            assertTrue(e.getMessage().contains("found a length of " + Long.toUnsignedString(length)), e.getMessage());
        }
        assertThrows(BadInputException.class, () -> Safetensors.read(folder.resolve("absent")));
    }

    /** Whatever happens to the bytes, it is told as bad input. */
    @Test
    void survivesFuzzing() throws IOException {
        Path path = folder.resolve("w.safetensors");
        FloatBuffer values = FloatBuffer.allocate(6);
        Safetensors.write(
                path,
                Map.of("k", "v"),
                List.of(
                        new Safetensors.Source("a", List.of(2L, 2L), values.slice(0, 4)),
                        new Safetensors.Source("b", List.of(2L), values.slice(4, 2))));
        byte[] whole = Files.readAllBytes(path);
        Random random = new Random(1);
        for (int round = 0; round < 500; round++) {
            byte[] bytes = round % 3 == 0 ? Arrays.copyOf(whole, random.nextInt(whole.length)) : whole.clone();
            for (int i = 0; round % 3 != 0 && i <= random.nextInt(3); i++) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            }
            Files.write(path, bytes);
            try {
                Safetensors read = Safetensors.read(path);
                for (String name : read.tensors().keySet()) {
                    read.floats(name);
                }
            } catch (BadInputException expected) {
                assertFalse(expected.getMessage().isBlank());
            }
        }
    }

    @Test
    void anExistingFileIsKept() throws IOException {
        Path path = folder.resolve("w.safetensors");
        Files.createFile(path);
        assertThrows(BadInputException.class, () -> Safetensors.write(path, Map.of(), List.of()));
        assertTrue(Files.exists(path));
    }
}
