package dev.chaku.gguf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.ReferenceData;
import dev.chaku.errors.BadInputException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GgufFileTest {
    @TempDir
    Path folder;

    private Path file;

    @BeforeEach
    void name() {
        file = folder.resolve("a.gguf");
    }

    @Test
    void readsVersionTwo() throws IOException {
        GgufSamples.write(file);
        byte[] bytes = Files.readAllBytes(file);
        bytes[4] = 2;
        Files.write(file, bytes);
        assertEquals(2, GgufFile.read(file).version());
    }

    @Test
    void everyTruncationIsRefused() throws IOException {
        GgufSamples.write(file);
        byte[] whole = Files.readAllBytes(file);
        GgufTensor last = GgufFile.read(file).tensors().get(2);
        int needed = (int) (last.offset() + last.bytes());
        for (int length = 0; length < needed; length++) {
            Files.write(file, Arrays.copyOf(whole, length));
            BadInputException e = assertThrows(BadInputException.class, () -> GgufFile.read(file), "length " + length);
            assertTrue(e.getMessage().startsWith(file + ": "), e.getMessage());
        }
        Files.write(file, Arrays.copyOf(whole, needed));
        assertEquals(3, GgufFile.read(file).tensors().size());
    }

    @Test
    void flippedBytesNeverGiveAnythingButBadInput() throws IOException {
        GgufWriter.to(file)
                .putAll(GgufSamples.everyValue())
                .put("strings", GgufValue.of(List.of("a", "bc", "")))
                .tensor("t", GgmlType.Q8_0, new long[] {32, 3}, ByteBuffer.allocate(102))
                .tensor("u", GgmlType.F32, new long[] {2, 2, 1, 1}, ByteBuffer.allocate(16))
                .write();
        byte[] whole = Files.readAllBytes(file);
        SplittableRandom random = new SplittableRandom(20);
        int refused = 0;
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            for (int round = 0; round < 20_000; round++) {
                byte[] bytes = whole.clone();
                for (int flips = random.nextInt(1, 4); flips > 0; flips--) {
                    bytes[random.nextInt(bytes.length)] =
                            (byte) (random.nextBoolean() ? random.nextInt() : 1 << random.nextInt(8));
                }
                channel.write(ByteBuffer.wrap(bytes), 0);
                try {
                    GgufFile.read(file).toString();
                } catch (BadInputException e) {
                    refused++;
                }
            }
        }
        assertTrue(refused > 4_000, "only " + refused + " of 20000 were refused");
    }

    @Test
    void badHeadersAreNamed() throws IOException {
        assertRefused(
                "header: expected the magic bytes 47 47 55 46 (\"GGUF\"), found 47 47 4d 4c",
                head(0x4c4d4747, 3, 0, 0));
        assertRefused("header: expected GGUF version 2 or 3, found 1", head(GgufParser.MAGIC, 1, 0, 0));
        assertRefused("header: expected GGUF version 2 or 3, found 4", head(GgufParser.MAGIC, 4, 0, 0));
        assertRefused("header: this is a big-endian GGUF file", head(GgufParser.MAGIC, 0x03000000, 0, 0));
        assertRefused(
                "header: found a count of 1 tensors, but only 8 bytes follow it", head(GgufParser.MAGIC, 3, 1, 0));
        assertRefused(
                "header: expected at most 262144 tensors, found 18446744073709551615",
                head(GgufParser.MAGIC, 3, -1, 0));
        assertRefused(
                "header: found a count of 7 metadata keys, but only 0 bytes follow it",
                head(GgufParser.MAGIC, 3, 0, 7));
        assertRefused("header: the file ends at byte 0: expected 4 more bytes, found 0", ByteBuffer.allocate(0));
    }

    @Test
    void badValuesAreNamed() throws IOException {
        assertRefused(
                "metadata key 'k': a value type expects an id from 0 to 12, found 13",
                value(13).putLong(0));
        assertRefused("metadata key 'k': a bool expects 0 or 1, found 2", value(7).put((byte) 2));
        assertRefused(
                "metadata key 'k': found a count of 9 bytes of a string, but only 1 bytes follow it",
                value(8).putLong(9).put((byte) 'a'));
        assertRefused(
                "metadata key 'k': expected at most 67108864 bytes of a string, found 9223372036854775807",
                value(8).putLong(Long.MAX_VALUE));
        assertRefused(
                "metadata key 'k': found a count of 2 elements of type uint64, but only 8 bytes follow it",
                value(9).putInt(10).putLong(2).putLong(0));
        assertRefused(
                "metadata key 'k': expected at most 1073741824 elements of type int8, found 1099511627776",
                value(9).putInt(1).putLong(1L << 40));
        assertRefused(
                "metadata key 'k': found a count of 3 strings, but only 16 bytes follow it",
                value(9).putInt(8).putLong(3).putLong(0).putLong(0));
        ByteBuffer deep = value(9);
        for (int i = 0; i < 20; i++) {
            deep.putInt(9).putLong(1);
        }
        assertRefused("metadata key 'k': expected arrays nested at most 8 deep, found more", deep);
    }

    @Test
    void badKeysAreNamed() throws IOException {
        ByteBuffer twice = value(0).put((byte) 1);
        string(twice, "k").putInt(0).put((byte) 1).putLong(16, 2);
        assertRefused("metadata key 'k': the key occurs twice", twice);
        ByteBuffer bytes = head(GgufParser.MAGIC, 3, 0, 1);
        bytes.putLong(2).put((byte) 0xc3).put((byte) '(').putInt(0).put((byte) 0);
        assertRefused("name of metadata key 0: expected a name in UTF-8, found other bytes", bytes);
        ByteBuffer alignment = head(GgufParser.MAGIC, 3, 0, 1);
        string(alignment, "general.alignment").putInt(4).putInt(48);
        assertRefused("metadata key 'general.alignment': expected a power of two up to 16777216, found 48", alignment);
    }

    @Test
    void badTensorsAreNamed() throws IOException {
        assertRefused("tensor 't': expected 1 to 4 dimensions, found 5", tensors(t("t", 0, 0, 1, 1, 1, 1, 1)));
        assertRefused("tensor 't': expected 1 to 4 dimensions, found 0", tensors(t("t", 0, 0)));
        assertRefused(
                "tensor 't': tensor type 4 is not known (known ids reach from 0 to 42)", tensors(t("t", 4, 0, 32)));
        assertRefused(
                "tensor 't': a row of type Q4_0 expects a positive multiple of 32 elements, found 33",
                tensors(t("t", 2, 0, 33)));
        assertRefused(
                "tensor 't': dimension 1 of a tensor expects a positive number, found -1",
                tensors(t("t", 0, 0, 1, -1)));
        assertRefused(
                "tensor 't': the bytes of a tensor of type F32 exceed 63 bits",
                tensors(t("t", 0, 0, 1L << 40, 1L << 40)));
        assertRefused("tensor 't': expected an offset that is a multiple of 32, found 8", tensors(t("t", 0, 8, 1)));
        assertRefused(
                "tensor 't': expected 4000000 bytes of data at byte 0 of the data section, but the file ends 64 bytes after it",
                tensors(t("t", 0, 0, 1_000_000)));
        assertRefused("tensor 't': expected its data within the file of ", tensors(t("t", 0, Long.MAX_VALUE - 31, 1)));
        assertRefused("tensor 't': the tensor occurs twice", tensors(t("t", 0, 0, 1), t("t", 0, 32, 1)));
        assertRefused(
                "tensor 'b': its data at byte 128 overlap those of tensor 'a', which end at byte 132",
                tensors(t("b", 0, 32, 1), t("a", 0, 0, 9)));
    }

    @Test
    void filesThatCannotBeReadAreNamed() {
        assertMessage("expected a GGUF file, found no such file", () -> GgufFile.read(file));
        assertMessage("found a folder", () -> GgufFile.read(folder));
    }

    @Test
    void readingTensorsChecksBounds() throws IOException {
        GgufSamples.write(file);
        GgufFile gguf = GgufFile.read(file);
        GgufTensor tensor = gguf.requireTensor("blk.0.norm");
        assertMessage(
                "tensor 'blk.0.norm' has 12 bytes, asked for 5 from byte 8",
                () -> gguf.readTensor(tensor, 8, ByteBuffer.allocate(5)));
        assertMessage("asked for 1 from byte -1", () -> gguf.readTensor(tensor, -1, ByteBuffer.allocate(1)));
        assertMessage("expected a tensor 'blk.1.norm', found none", () -> gguf.requireTensor("blk.1.norm"));
        assertTrue(gguf.findTensor("blk.1.norm").isEmpty());
        Files.write(file, Arrays.copyOf(Files.readAllBytes(file), (int) tensor.offset() + 3));
        assertMessage("cut short after it was opened", () -> gguf.readTensor(tensor));
    }

    @Test
    void offsetsAndSizesPastFourGibibytesWork() throws IOException {
        ByteBuffer head = tensors(t("large", 24, 0, 1L << 31, 2), t("after", 0, 1L << 32, 1));
        long dataOffset = (head.position() - 64 + 31) / 32 * 32;
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.write(head.array(), 0, (int) dataOffset);
            sparse.seek(dataOffset + (1L << 32) - 1);
            sparse.write(new byte[] {9, 0, 0, (byte) 0x80, (byte) 0x3f});
        }
        GgufFile gguf = GgufFile.read(file);
        GgufTensor large = gguf.requireTensor("large");
        assertEquals(1L << 32, large.bytes());
        assertEquals(1.0f, gguf.readTensor(gguf.requireTensor("after")).getFloat());
        ByteBuffer last = ByteBuffer.allocate(1);
        gguf.readTensor(large, (1L << 32) - 1, last);
        assertEquals(9, last.get(0));
        assertMessage("too large for one buffer", () -> gguf.readTensor(large));
    }

    @Test
    void readsEveryReferenceFile() throws IOException {
        int read = 0;
        for (String name : List.of("parity/tiny", "parity/lora", "parity/stories260K", "tokenizers")) {
            try (Stream<Path> files = Files.list(ReferenceData.require(name))) {
                for (Path gguf :
                        files.filter(path -> path.toString().endsWith(".gguf")).toList()) {
                    GgufFile.read(gguf);
                    read++;
                }
            }
        }
        assertTrue(read > 50, "only " + read);
    }

    private static ByteBuffer head(int magic, int version, long tensors, long keys) {
        return ByteBuffer.allocate(1000)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(magic)
                .putInt(version)
                .putLong(tensors)
                .putLong(keys);
    }

    private static ByteBuffer value(int type) {
        return string(head(GgufParser.MAGIC, 3, 0, 1), "k").putInt(type);
    }

    private static ByteBuffer string(ByteBuffer to, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return to.putLong(bytes.length).put(bytes);
    }

    private static byte[] t(String name, int type, long offset, long... dims) {
        ByteBuffer bytes = string(ByteBuffer.allocate(200).order(ByteOrder.LITTLE_ENDIAN), name)
                .putInt(dims.length);
        Arrays.stream(dims).forEach(bytes::putLong);
        return Arrays.copyOf(bytes.putInt(type).putLong(offset).array(), bytes.position());
    }

    /** A file of these tensors and 64 bytes of data. */
    private static ByteBuffer tensors(byte[]... tensors) {
        ByteBuffer bytes = head(GgufParser.MAGIC, 3, tensors.length, 0);
        Arrays.stream(tensors).forEach(bytes::put);
        return bytes.position((bytes.position() + 31) / 32 * 32 + 64);
    }

    private void assertRefused(String message, ByteBuffer bytes) throws IOException {
        Files.write(file, Arrays.copyOf(bytes.array(), bytes.position()));
        BadInputException e = assertThrows(BadInputException.class, () -> GgufFile.read(file));
        assertTrue(e.getMessage().startsWith(file + ": " + message), e.getMessage());
    }

    private static void assertMessage(String part, org.junit.jupiter.api.function.Executable call) {
        BadInputException e = assertThrows(BadInputException.class, call);
        assertTrue(e.getMessage().contains(part), e.getMessage());
    }
}
