package dev.chaku.gguf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GgufPartsTest {
    @TempDir
    Path folder;

    private Path whole;

    @BeforeEach
    void writeWhole() {
        whole = model("whole.gguf", 0, 5);
    }

    /** Tensors t0, t1, ... of 32 bytes, of which each has another content. */
    private Path model(String name, int seed, int tensors) {
        Path file = folder.resolve(name);
        GgufWriter writer = GgufWriter.to(file).putAll(GgufSamples.everyValue()).put("general.architecture", "llama");
        for (int i = 0; i < tensors; i++) {
            writer.tensor("t" + i, GgmlType.I8, new long[] {32}, ByteBuffer.wrap(content(seed + i)));
        }
        writer.write();
        return file;
    }

    private static byte[] content(int seed) {
        byte[] bytes = new byte[32];
        Arrays.fill(bytes, (byte) seed);
        return bytes;
    }

    private List<Path> split(Path model, String prefix, int maxTensors) {
        GgufSplit split = new GgufSplit(GgufFile.read(model), Long.MAX_VALUE, maxTensors);
        List<GgufSplit.Part> plan = split.plan(folder.resolve(prefix));
        GgufWriter.writeAll(split.writers(plan, (tensor, source) -> source));
        return plan.stream().map(GgufSplit.Part::path).toList();
    }

    /** A part as llama.cpp writes it, without our fingerprint. */
    private Path plainPart(String prefix, int index, int count, int all, String... tensors) {
        Path file = folder.resolve(GgufParts.name(prefix, index, count));
        GgufWriter writer = GgufWriter.to(file);
        if (index == 0) {
            writer.put("general.architecture", "llama");
        }
        writer.put("split.no", new GgufValue.Int(GgufValueType.UINT16, index))
                .put("split.count", new GgufValue.Int(GgufValueType.UINT16, count))
                .put("split.tensors.count", GgufValue.ofInt32(all));
        for (String tensor : tensors) {
            writer.tensor(tensor, GgmlType.I8, new long[] {32}, ByteBuffer.wrap(content(tensor.charAt(1))));
        }
        writer.write();
        return file;
    }

    private static void assertFails(Path file, String... expected) {
        BadInputException e = assertThrows(BadInputException.class, () -> GgufFile.read(file));
        for (String part : expected) {
            assertTrue(e.getMessage().contains(part), e.getMessage());
        }
        assertFalse(e.getMessage().contains("\n"), e.getMessage());
    }

    @Test
    void anyPartOpensTheWhole() {
        GgufFile expected = GgufFile.read(whole);
        List<Path> parts = split(whole, "parts", 2);
        assertEquals(3, parts.size());
        for (Path part : parts) {
            GgufFile found = GgufFile.read(part);
            assertEquals(parts.get(0), found.path());
            assertEquals(parts, found.parts().stream().map(GgufFile.Part::path).toList());
            assertEquals(expected.metadata(), found.metadata());
            assertEquals(
                    expected.tensors().stream().map(GgufTensor::name).toList(),
                    found.tensors().stream().map(GgufTensor::name).toList());
            for (GgufTensor tensor : expected.tensors()) {
                assertEquals(
                        expected.readTensor(tensor),
                        found.readTensor(found.requireTensor(tensor.name())),
                        tensor.name());
            }
            assertEquals(2, found.requireTensor("t4").part());
        }
    }

    @Test
    void sizesAddUp() throws IOException {
        long bytes = 0;
        List<Path> parts = split(whole, "parts", 2);
        for (Path part : parts) {
            bytes += Files.size(part);
        }
        assertEquals(bytes, GgufFile.read(parts.get(1)).fileBytes());
    }

    @Test
    void thePartsHaveTheHashOfTheWhole() {
        String hash = GgufFile.read(whole).sha256();
        for (Path part : split(whole, "parts", 2)) {
            assertEquals(hash, GgufFile.read(part).sha256());
        }
    }

    /** As converters write it that keep the metadata apart. */
    @Test
    void theFirstPartMayHaveNoTensor() {
        Path first = plainPart("m", 0, 2, 1);
        plainPart("m", 1, 2, 1, "t0");
        assertEquals(
                List.of("t0"),
                GgufFile.read(first).tensors().stream().map(GgufTensor::name).toList());
    }

    @Test
    void oneOfOneIsAWholeFile() {
        assertEquals(1, GgufFile.read(plainPart("m", 0, 1, 1, "t0")).parts().size());
    }

    @Test
    void aMissingPartIsNamed() throws IOException {
        List<Path> parts = split(whole, "parts", 1);
        Files.delete(parts.get(3));
        for (int i : new int[] {0, 1, 4}) {
            assertFails(parts.get(i), "one of 5 parts", "none named parts-00004-of-00005.gguf;");
        }
        Files.delete(parts.get(0));
        assertFails(parts.get(1), "parts-00001-of-00005.gguf, parts-00004-of-00005.gguf;");
    }

    @Test
    void aLongListOfMissingPartsIsShort() {
        assertFails(plainPart("m", 0, 65535, 1, "t0"), "m-00002-of-65535.gguf", "and 65531 more");
    }

    @Test
    void swappedPartsAreNoticed() throws IOException {
        List<Path> parts = split(whole, "parts", 2);
        Files.move(parts.get(1), folder.resolve("x"));
        Files.move(parts.get(2), parts.get(1));
        Files.move(folder.resolve("x"), parts.get(2));
        assertFails(parts.get(0), "parts-00002-of-00003.gguf", "expected part 2 of 3, found part 3 of 3");
        assertFails(parts.get(1), "by its name this is part 2 of 3, by its metadata part 3 of 3");
    }

    @Test
    void aPartUnderAnotherNameIsNoticed() throws IOException {
        List<Path> parts = split(whole, "parts", 2);
        Path renamed = Files.copy(parts.get(1), folder.resolve("second.gguf"));
        assertFails(renamed, "second.gguf: this is part 2 of 3", "NAME-00002-of-00003.gguf");
    }

    /** Same architecture, shapes and names: nothing but the fingerprint tells. */
    @Test
    void aPartOfATwinIsNoticed() throws IOException {
        List<Path> parts = split(whole, "parts", 2);
        List<Path> others = split(model("other.gguf", 50, 5), "others", 2);
        Files.delete(parts.get(1));
        Files.copy(others.get(1), parts.get(1));
        assertFails(parts.get(0), "parts-00002-of-00003.gguf: no part of the same model", "fingerprint");
    }

    @Test
    void aPartOfAnotherModelIsNoticed() throws IOException {
        Path first = plainPart("m", 0, 2, 2, "t0");
        Path second = plainPart("m", 1, 2, 2, "t0");
        assertFails(first, "m-00002-of-00002.gguf", "tensor 't0' is in", "m-00001-of-00002.gguf too");
        Files.delete(second);
        plainPart("m", 1, 2, 2, "t1", "t2");
        assertFails(first, "expected 2 tensors in all parts together", "found 3");
        Files.delete(second);
        Files.copy(whole, second);
        assertFails(first, "m-00002-of-00002.gguf", "found a file that is no part of a model");
        Files.delete(second);
        GgufWriter.to(second)
                .put("general.architecture", "qwen2")
                .put("split.no", 1)
                .put("split.count", 2)
                .put("split.tensors.count", 2)
                .tensor("t1", GgmlType.I8, new long[] {32}, ByteBuffer.allocate(32))
                .write();
        assertFails(first, "m-00002-of-00002.gguf", "general.architecture");
    }

    @Test
    void aPartOfASetOfAnotherSizeIsNoticed() throws IOException {
        List<Path> parts = split(whole, "parts", 2);
        List<Path> more = split(whole, "more", 1);
        Files.delete(parts.get(1));
        Files.copy(more.get(1), parts.get(1));
        assertFails(parts.get(0), "parts-00002-of-00003.gguf", "expected part 2 of 3, found part 2 of 5");
    }

    @Test
    void aPartThatIsCutShortIsNamed() throws IOException {
        List<Path> parts = split(whole, "parts", 2);
        byte[] bytes = Files.readAllBytes(parts.get(1));
        for (int length : new int[] {0, 3, 40, bytes.length - 33, bytes.length - 1}) {
            Files.write(parts.get(1), Arrays.copyOf(bytes, length));
            assertFails(parts.get(0), "parts-00002-of-00003.gguf: ");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 3, 70000})
    void aNumberOutOfRangeIsNoticed(int number) {
        Path file = folder.resolve("m-00001-of-00003.gguf");
        GgufWriter.to(file)
                .put("split.no", GgufValue.ofInt32(number))
                .put("split.count", 3)
                .write();
        assertFails(file, "'split.no' expects 0 to 2", "found " + number);
    }

    @Test
    void aCountThatIsNoNumberOrTooLargeIsNoticed() {
        Path text = folder.resolve("a-00001-of-00003.gguf");
        GgufWriter.to(text).put("split.no", 0).put("split.count", "3").write();
        assertFails(text, "'split.count' expects an integer");
        Path large = folder.resolve("b-00001-of-00003.gguf");
        GgufWriter.to(large).put("split.no", 0).put("split.count", 70000).write();
        assertFails(large, "expects at most 65535 parts, found 70000");
        Path numberless = folder.resolve("c-00001-of-00003.gguf");
        GgufWriter.to(numberless).put("split.count", 3).write();
        assertFails(numberless, "'split.no' expects an integer, found no such key");
    }
}
