package dev.chaku.gguf;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.ReferenceData;
import dev.chaku.errors.BadInputException;
import dev.chaku.errors.ResourceException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GgufWriterTest {
    @TempDir
    Path folder;

    private Path target;

    @BeforeEach
    void name() {
        target = folder.resolve("a.gguf");
    }

    @Test
    void everyValueComesBack() {
        GgufMetadata written = GgufSamples.everyValue();
        GgufWriter.to(target).putAll(written).write();
        GgufMetadata read = GgufFile.read(target).metadata();
        assertEquals(written, read);
        assertEquals(
                List.copyOf(written.asMap().keySet()), List.copyOf(read.asMap().keySet()));
    }

    @Test
    void tensorsComeBackAligned() {
        GgufSamples.write(target);
        GgufFile file = GgufFile.read(target);
        assertEquals(3, file.version());
        assertEquals(32, file.alignment());
        assertEquals(
                List.of("token_embd.weight", "blk.0.norm", "blk.0.attn_q.weight"),
                file.tensors().stream().map(GgufTensor::name).toList());
        GgufTensor norm = file.requireTensor("blk.0.norm");
        assertArrayEquals(new long[] {3}, norm.dims());
        assertEquals(0, norm.offset() % 32);
        assertEquals(12, norm.bytes());
        assertEquals(2.0f, file.readTensor(norm).getFloat(4));
        ByteBuffer part = ByteBuffer.allocate(5);
        file.readTensor(file.requireTensor("blk.0.attn_q.weight"), 3, part);
        assertArrayEquals(new byte[] {3, 4, 5, 6, 7}, part.array());
    }

    @Test
    void alignmentOfTheMetadataHolds() throws IOException {
        GgufWriter.to(target)
                .put("general.alignment", 256)
                .tensor("a", GgmlType.I8, new long[] {3}, ByteBuffer.wrap(new byte[] {1, 2, 3}))
                .tensor("b", GgmlType.I8, new long[] {1}, ByteBuffer.wrap(new byte[] {4}))
                .write();
        GgufFile file = GgufFile.read(target);
        assertEquals(256, file.alignment());
        assertEquals(file.dataOffset() + 256, file.requireTensor("b").offset());
        assertEquals(file.dataOffset() + 512, Files.size(target));
    }

    @Test
    void aTensorMayComeInManyParts() {
        byte[] part = new byte[10_000];
        Arrays.fill(part, (byte) 7);
        GgufWriter.to(target)
                .tensor("a", GgmlType.I8, new long[] {10_000, 50}, out -> {
                    for (int i = 0; i < 50; i++) {
                        out.write(ByteBuffer.wrap(part));
                    }
                })
                .write();
        GgufFile file = GgufFile.read(target);
        ByteBuffer data = file.readTensor(file.requireTensor("a"));
        for (int i = 0; i < data.capacity(); i++) {
            assertEquals(7, data.get(i));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "parity/tiny/llama.gguf", "parity/stories260K/stories260K-q4_0.gguf", "parity/lora/llama.mixed.gguf",
                "parity/tiny/gpt-oss-mxfp4.gguf", "parity/tiny/llama-d256-q4_k.gguf",
                        "models/llama-2-tiny-random/llama-2-tiny-random.gguf",
                "tokenizers/deepseek-llm.gguf", "tokenizers/bert-bge.gguf"
            })
    void rewritingGivesTheSameBytes(String name) throws IOException {
        Path original = ReferenceData.require(name);
        GgufFile file = GgufFile.read(original);
        GgufWriter writer = GgufWriter.to(target).putAll(file.metadata());
        for (GgufTensor tensor : file.tensors()) {
            writer.tensor(tensor.name(), tensor.type(), tensor.dims(), file.copyOf(tensor));
        }
        writer.write();
        assertEquals(-1, Files.mismatch(original, target));
    }

    @Test
    void aFileThatExistsStays() throws IOException {
        Files.writeString(target, "mine");
        BadInputException e = assertThrows(
                BadInputException.class, () -> GgufWriter.to(target).write());
        assertTrue(e.getMessage().contains("exists already"), e.getMessage());
        assertEquals("mine", Files.readString(target));
        GgufWriter.to(target).overwrite(true).put("a", 1).write();
        assertEquals(1, GgufFile.read(target).metadata().requireInt("a"));
    }

    @Test
    void aFullDiskLeavesNothingBehind() throws IOException {
        Files.writeString(target, "mine");
        GgufWriter writer = new GgufWriter(target, channel -> new FullDisk(channel, 100_000))
                .overwrite(true)
                .tensor("a", GgmlType.I8, new long[] {200_000}, ByteBuffer.allocate(200_000));
        ResourceException e = assertThrows(ResourceException.class, writer::write);
        assertTrue(e.getMessage().contains("the disk is full"), e.getMessage());
        assertEquals("mine", Files.readString(target));
        assertOnly("a.gguf");
    }

    @Test
    void whatCannotFitIsRefusedBeforeTheFirstByte() throws IOException {
        GgufWriter writer = GgufWriter.to(target).tensor("a", GgmlType.I8, new long[] {1L << 60}, out -> {
            throw new AssertionError("asked for data");
        });
        ResourceException e = assertThrows(ResourceException.class, writer::write);
        assertTrue(e.getMessage().contains("needs " + (1L << 60) + " bytes"), e.getMessage());
        assertOnly();
    }

    @Test
    void aSourceThatFailsOrLiesLeavesNothingBehind() throws IOException {
        ByteBuffer four = ByteBuffer.allocate(4);
        assertThrows(IllegalStateException.class, () -> GgufWriter.to(target)
                .tensor("a", GgmlType.I8, new long[] {5}, four)
                .write());
        assertThrows(IllegalStateException.class, () -> GgufWriter.to(target)
                .tensor("a", GgmlType.I8, new long[] {3}, four)
                .write());
        assertThrows(ResourceException.class, () -> GgufWriter.to(target)
                .tensor("a", GgmlType.I8, new long[] {3}, out -> {
                    throw new IOException("source is gone");
                })
                .write());
        assertThrows(ArithmeticException.class, () -> GgufWriter.to(target)
                .tensor("a", GgmlType.I8, new long[] {3}, out -> {
                    throw new ArithmeticException();
                })
                .write());
        assertOnly();
    }

    @Test
    void badArgumentsAreNamed() {
        GgufWriter writer = GgufWriter.to(target).tensor("a", GgmlType.I8, new long[] {1}, out -> {});
        assertMessage("'a' was added twice", () -> writer.tensor("a", GgmlType.I8, new long[] {1}, out -> {}));
        assertMessage("'b': a row of type Q4_0", () -> writer.tensor("b", GgmlType.Q4_0, new long[] {31}, out -> {}));
        assertMessage("found 5", () -> writer.tensor("b", GgmlType.I8, new long[5], out -> {}));
        assertMessage("found 64", () -> writer.tensor("b".repeat(64), GgmlType.I8, new long[] {1}, out -> {}));
        assertMessage("found 0", () -> writer.put("", 1));
        assertMessage(
                "power of two",
                () -> GgufWriter.to(target).put("general.alignment", 24).write());
        assertMessage(
                "expected a folder to write the file to, found none",
                () -> GgufWriter.to(folder.resolve("no/a.gguf")).write());
        assertFalse(Files.exists(target));
    }

    private static void assertMessage(String part, org.junit.jupiter.api.function.Executable call) {
        BadInputException e = assertThrows(BadInputException.class, call);
        assertTrue(e.getMessage().contains(part), e.getMessage());
    }

    private void assertOnly(String... names) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(
                    List.of(names),
                    files.map(file -> file.getFileName().toString()).toList());
        }
    }

    /** Takes so many bytes and then fails as a full file system does. */
    private static final class FullDisk implements WritableByteChannel {
        private final WritableByteChannel disk;
        private long free;

        FullDisk(WritableByteChannel disk, long free) {
            this.disk = disk;
            this.free = free;
        }

        @Override
        public int write(ByteBuffer source) throws IOException {
            free -= source.remaining();
            if (free < 0) {
                throw new IOException("No space left on device");
            }
            return disk.write(source);
        }

        @Override
        public boolean isOpen() {
            return disk.isOpen();
        }

        @Override
        public void close() throws IOException {
            disk.close();
        }
    }
}
