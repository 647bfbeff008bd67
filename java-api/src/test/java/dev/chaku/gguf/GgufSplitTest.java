package dev.chaku.gguf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GgufSplitTest {
    @TempDir
    Path folder;

    private GgufFile model(int alignment, int... tensorBytes) {
        Path file = folder.resolve("model.gguf");
        GgufWriter writer = GgufWriter.to(file).overwrite(true).putAll(GgufSamples.everyValue());
        if (alignment != 32) {
            writer.put("general.alignment", alignment);
        }
        for (int i = 0; i < tensorBytes.length; i++) {
            writer.tensor("t" + i, GgmlType.I8, new long[] {tensorBytes[i]}, ByteBuffer.allocate(tensorBytes[i]));
        }
        writer.write();
        return GgufFile.read(file);
    }

    private List<GgufSplit.Part> write(GgufSplit split) {
        List<GgufSplit.Part> plan = split.plan(folder.resolve("part"));
        GgufWriter.writeAll(split.writers(plan, (tensor, source) -> source));
        return plan;
    }

    @ParameterizedTest
    @CsvSource({"1, 5", "2, 3", "4, 2", "5, 1", "100, 1"})
    void aPartHasAtMostSoManyTensors(int most, int parts) {
        List<GgufSplit.Part> plan = write(new GgufSplit(model(32, 10, 20, 30, 40, 50), Long.MAX_VALUE, most));
        assertEquals(parts, plan.size());
        assertTrue(plan.stream().allMatch(part -> part.tensors().size() <= most), plan.toString());
    }

    /** The limit holds for files, head and padding included, but for a single tensor that is larger. */
    @ParameterizedTest
    @ValueSource(ints = {32, 256})
    void aPartHasAtMostSoManyBytes(int alignment) throws IOException {
        GgufFile model = model(alignment, 3000, 100, 100, 100, 100, 20_000, 5000, 1);
        int limit = 80_000;
        for (long most : new long[] {1, 4000, 6000, 25_000, limit}) {
            for (GgufSplit.Part part : new GgufSplit(model, most, 1000).plan(folder.resolve("part" + most))) {
                assertTrue(part.bytes() <= most || part.tensors().size() == 1, part.toString());
            }
        }
        for (GgufSplit.Part part : write(new GgufSplit(model, limit, 1000))) {
            assertEquals(part.bytes(), Files.size(part.path()), part.toString());
        }
    }

    @Test
    void everyPartHasTheKeysByWhichLlamaCppFindsTheOthers() {
        List<GgufSplit.Part> plan = write(new GgufSplit(model(64, 10, 20, 30), Long.MAX_VALUE, 2));
        for (int i = 0; i < 2; i++) {
            assertEquals(
                    "part-0000" + (i + 1) + "-of-00002.gguf",
                    plan.get(i).path().getFileName().toString());
            GgufFile part = GgufFile.readAlone(plan.get(i).path());
            assertEquals(
                    new GgufValue.Int(GgufValueType.UINT16, i),
                    part.metadata().find("split.no").orElseThrow());
            assertEquals(
                    new GgufValue.Int(GgufValueType.UINT16, 2),
                    part.metadata().find("split.count").orElseThrow());
            assertEquals(
                    GgufValue.ofInt32(3),
                    part.metadata().find("split.tensors.count").orElseThrow());
            assertEquals(64, part.alignment());
            assertEquals(i == 0, part.metadata().has("text"));
        }
    }

    @Test
    void theSameModelGivesTheSameBytes() throws IOException {
        GgufSplit split = new GgufSplit(model(32, 10, 20), Long.MAX_VALUE, 1);
        byte[] first = Files.readAllBytes(write(split).get(1).path());
        List<GgufSplit.Part> again = split.plan(folder.resolve("again"));
        GgufWriter.writeAll(split.writers(again, (tensor, source) -> source));
        assertEquals(
                ByteBuffer.wrap(first),
                ByteBuffer.wrap(Files.readAllBytes(again.get(1).path())));
    }

    @Test
    void moreThanTheKeysCanCountIsRefused() {
        Path file = folder.resolve("many.gguf");
        GgufWriter writer = GgufWriter.to(file);
        for (int i = 0; i <= 0xffff; i++) {
            writer.tensor("t" + i, GgmlType.I8, new long[] {1}, ByteBuffer.allocate(1));
        }
        writer.write();
        GgufSplit split = new GgufSplit(GgufFile.read(file), Long.MAX_VALUE, 1);
        BadInputException e = assertThrows(BadInputException.class, () -> split.plan(folder.resolve("part")));
        assertTrue(e.getMessage().contains("at most 65535 parts, found 65536"), e.getMessage());
    }
}
