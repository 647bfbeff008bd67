package dev.chaku;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufTensor;
import dev.chaku.internal.arch.FormatMix;
import dev.chaku.internal.arch.family.ModelFamilies;
import dev.chaku.internal.engine.TensorSpec;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

class ImportanceCollectorTest {
    @TempDir
    Path folder;

    private Path text(String content) throws IOException {
        return Files.writeString(folder.resolve("text.txt"), content);
    }

    private Model tiny() {
        Path file = folder.resolve("tiny.gguf");
        return Model.open(Files.exists(file) ? file : TinyModel.write(file, TinyModel.qwen3(), FormatMix.F32, 1));
    }

    @Test
    void writesOneEntryForEachProductOfEveryLayer() throws IOException {
        Path out = folder.resolve("imatrix.gguf");
        List<Integer> steps = new ArrayList<>();
        try (Model model = tiny()) {
            ImportanceCollector.Report report = ImportanceCollector.on(model)
                    .chunkTokens(40)
                    .write(text("TheCowLives.".repeat(10)), out, (done, all) -> steps.add(done));
            assertEquals(List.of(1, 2, 3), steps);
            assertEquals(new ImportanceCollector.Report(3, 120, 14), report);
        }
        GgufFile file = GgufFile.read(out);
        assertEquals("imatrix", file.metadata().requireString("general.type"));
        assertEquals(
                List.of("text.txt"),
                file.metadata().requireStrings("imatrix.datasets").toList());
        assertEquals(3, file.metadata().requireInt("imatrix.chunk_count"));
        assertEquals(40, file.metadata().requireInt("imatrix.chunk_size"));
        GgufTensor sums = file.requireTensor("blk.1.ffn_down.weight.in_sum2");
        assertEquals(96, sums.dim(0));
        assertEquals(
                120,
                file.readTensor(file.requireTensor("blk.1.ffn_down.weight.counts"))
                        .getFloat(0));
        // Inputs of the first layer's queries are normalised: their mean square is about that of the norm's weights, 1.
        FloatBuffer query = file.readTensor(file.requireTensor("blk.0.attn_q.weight.in_sum2"))
                .asFloatBuffer();
        double sum = 0;
        for (int c = 0; c < query.limit(); c++) {
            sum += query.get(c) / 120;
        }
        assertEquals(1, sum / query.limit(), 0.1);
    }

    /** Every token goes to two of four experts, each of which has importance of its own. */
    @Test
    void expertsAreToldApart() throws IOException {
        Path out = folder.resolve("imatrix.gguf");
        long tokens;
        try (Model model = Model.open(ReferenceData.require("parity/tiny/mixtral.gguf"))) {
            tokens = ImportanceCollector.on(model)
                    .write(text("ab cd ef gh".repeat(10)), out)
                    .tokens();
        }
        GgufFile file = GgufFile.read(out);
        FloatBuffer rows = file.readTensor(file.requireTensor("blk.1.ffn_up_exps.weight.counts"))
                .asFloatBuffer();
        FloatBuffer sums = file.readTensor(file.requireTensor("blk.1.ffn_up_exps.weight.in_sum2"))
                .asFloatBuffer();
        assertEquals(4, rows.limit());
        float all = 0;
        for (int e = 0; e < 4; e++) {
            all += rows.get(e);
            assertEquals(rows.get(e) > 0, sums.get(e * 64) > 0);
        }
        assertEquals(2 * tokens, all);
        assertTrue(rows.get(0) != rows.get(1) || rows.get(1) != rows.get(2), "experts of the same numbers of rows");
    }

    /** The whole way: with the importance, the model's answers move less. */
    @Test
    void weightedModelsStayNearer() throws IOException {
        Path matrix = folder.resolve("imatrix.gguf");
        int[] tokens = ReferenceJson.ints(
                ReferenceJson.object(ReferenceJson.read(ReferenceData.require("parity/stories260K/p0.tokens.json")))
                        .get("tokens"));
        Path original = ReferenceData.require("parity/stories260K/stories260K-f32.gguf");
        try (Model model = Model.open(original)) {
            Path stories = text(
                    "Once upon a time, there was a little girl named Lily. She loved to play outside. ".repeat(20));
            ImportanceCollector.on(model).write(stories, matrix);
            float[][] expected = model.logits(tokens);
            Quantizer plain = Quantizer.of(original, WeightFormat.Q4_0);
            plain.write(folder.resolve("plain.gguf"));
            plain.importance(matrix).write(folder.resolve("weighted.gguf"));
            double before = distance(expected, folder.resolve("plain.gguf"), tokens);
            double after = distance(expected, folder.resolve("weighted.gguf"), tokens);
            assertTrue(after < 0.9 * before, after + " after " + before);
        }
    }

    private static double distance(float[][] expected, Path file, int[] tokens) {
        try (Model model = Model.open(file)) {
            float[][] found = model.logits(tokens);
            double sum = 0;
            for (int t = 0; t < found.length; t++) {
                for (int v = 0; v < found[t].length; v++) {
                    sum += Math.pow(expected[t][v] - found[t][v], 2);
                }
            }
            return Math.sqrt(sum);
        }
    }

    /** Whatever a family's tensors look like (fused, stacked, of experts): what is collected fits them. */
    @TestFactory
    List<DynamicTest> fitsTheTensorsOfEveryFamily() throws IOException {
        if (!ReferenceData.has("parity/tiny")) {
            return ReferenceData.skipped("parity/tiny");
        }
        try (Stream<Path> files = Files.list(ReferenceData.require("parity/tiny"))) {
            return files.filter(file -> file.toString().endsWith(".gguf"))
                    .filter(file -> ModelFamilies.architectures()
                            .contains(GgufFile.read(file).metadata().requireString("general.architecture")))
                    .sorted()
                    .map(file -> DynamicTest.dynamicTest(file.getFileName().toString(), () -> fits(file)))
                    .toList();
        }
    }

    private void fits(Path golden) throws IOException {
        Path matrix = folder.resolve(golden.getFileName() + ".imatrix");
        try (Model model = Model.open(golden)) {
            ImportanceCollector.on(model).write(text("the thing and on it ".repeat(8)), matrix);
        }
        QuantizationPlan plan = Quantizer.of(golden, WeightFormat.Q8_0)
                .pure(true)
                .allowRequantize(true)
                .importance(matrix)
                .plan();
        // A file may hold products that nothing computes, as those of layers that read the keys of an earlier one.
        Set<String> used = ModelFamilies.map(GgufFile.read(golden)).tensors().stream()
                .map(TensorSpec::name)
                .collect(Collectors.toSet());
        for (QuantizationPlan.Tensor tensor : plan.tensors()) {
            boolean product = used.contains(tensor.name())
                    && tensor.name()
                            .matches("blk\\.\\d+\\.(attn_(q|k|v|qkv|output)|ffn_(gate|up|down)(_exps)?)\\.weight");
            if (product && tensor.to().isQuantized() && tensor.to() != tensor.from()) {
                assertTrue(tensor.weighted(), tensor.name());
            }
        }
    }

    @Test
    void refusesWhatIsWrong() throws IOException {
        try (Model model = tiny()) {
            ImportanceCollector collector = ImportanceCollector.on(model);
            Path out = folder.resolve("imatrix.gguf");
            assertThrows(BadInputException.class, () -> collector.chunkTokens(1));
            assertThrows(BadInputException.class, () -> collector.mostChunks(0));
            assertThrows(BadInputException.class, () -> collector.write(folder.resolve("none.txt"), out));
            Path empty = text("");
            assertThrows(BadInputException.class, () -> collector.write(empty, out));
            Path binary = Files.write(folder.resolve("binary"), new byte[] {(byte) 0xc3, (byte) 0x28});
            String message = assertThrows(BadInputException.class, () -> collector.write(binary, out))
                    .getMessage();
            assertTrue(message.contains("expected UTF-8 text"), message);
            Files.createFile(out);
            assertThrows(BadInputException.class, () -> collector.write(text("abc"), out));
        }
    }
}
