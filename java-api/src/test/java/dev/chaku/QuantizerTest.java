package dev.chaku;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import dev.chaku.errors.OperationCancelledException;
import dev.chaku.gguf.GgmlType;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufTensor;
import dev.chaku.gguf.GgufValue;
import dev.chaku.gguf.GgufWriter;
import dev.chaku.internal.arch.FormatMix;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class QuantizerTest {
    @TempDir
    Path folder;

    private Path tiny() {
        Path file = folder.resolve("tiny.gguf");
        return Files.exists(file) ? file : TinyModel.write(file, TinyModel.qwen2(), FormatMix.F32, 1);
    }

    private GgufFile write(Quantizer quantizer, String name) {
        Path out = folder.resolve(name);
        quantizer.write(out);
        return GgufFile.read(out);
    }

    private static GgmlType type(GgufFile file, String tensor) {
        return file.requireTensor(tensor).type();
    }

    /** The closed-form formats are defined by their bytes: those of the reference's own quantizer. */
    @ParameterizedTest
    @CsvSource({"Q8_0, q8_0", "Q4_0, q4_0"})
    void equalsTheReferenceTensorByTensor(WeightFormat format, String golden) {
        Path data = ReferenceData.require("parity/stories260K");
        GgufFile expected = GgufFile.read(data.resolve("stories260K-" + golden + ".gguf"));
        GgufFile found = write(Quantizer.of(data.resolve("stories260K-f32.gguf"), format), golden + ".gguf");
        assertEquals(expected.tensors().size(), found.tensors().size());
        for (GgufTensor tensor : expected.tensors()) {
            GgufTensor ours = found.requireTensor(tensor.name());
            assertEquals(tensor.type(), ours.type(), tensor.name());
            assertEquals(expected.readTensor(tensor), found.readTensor(ours), tensor.name());
        }
        for (String key : List.of("general.file_type", "general.quantization_version")) {
            assertEquals(expected.metadata().requireInt(key), found.metadata().requireInt(key), key);
        }
    }

    @ParameterizedTest
    @EnumSource(WeightFormat.class)
    void everyMixGivesAModelThatAnswersAlike(WeightFormat format) {
        int[] tokens = {1, 70, 71, 72, 100, 5};
        Path out = folder.resolve("out.gguf");
        QuantizationReport report = Quantizer.of(tiny(), format).measure(true).write(out);
        assertTrue(
                report.relativeError().getAsDouble() < 0.2,
                report.relativeError().toString());
        assertEquals(
                report.plan().bytesAfter(),
                GgufFile.read(out).tensors().stream()
                        .mapToLong(GgufTensor::bytes)
                        .sum());
        assertEquals(format.mix().fileType(), GgufFile.read(out).metadata().requireInt("general.file_type"));
        try (Model before = Model.open(tiny());
                Model after = Model.open(out)) {
            assertTrue(correlation(before.logits(tokens), after.logits(tokens)) > 0.9, format.label());
        }
    }

    private static double correlation(float[][] a, float[][] b) {
        double ab = 0;
        double aa = 0;
        double bb = 0;
        for (int t = 0; t < a.length; t++) {
            for (int v = 0; v < a[t].length; v++) {
                ab += a[t][v] * b[t][v];
                aa += a[t][v] * a[t][v];
                bb += b[t][v] * b[t][v];
            }
        }
        return ab / Math.sqrt(aa * bb);
    }

    @Test
    void bytesDoNotDependOnTheNumberOfThreads() throws IOException {
        Quantizer one = Quantizer.of(tiny(), WeightFormat.Q4_K_M).threads(1).measure(true);
        Quantizer five = Quantizer.of(tiny(), WeightFormat.Q4_K_M).threads(5).measure(true);
        QuantizationReport a = one.write(folder.resolve("a.gguf"));
        QuantizationReport b = five.write(folder.resolve("b.gguf"));
        assertEquals(-1, Files.mismatch(folder.resolve("a.gguf"), folder.resolve("b.gguf")));
        assertEquals(a.relativeError(), b.relativeError());
    }

    @Test
    void metadataAndVectorsStayAsTheyAre() {
        GgufFile before = GgufFile.read(tiny());
        GgufFile after = write(Quantizer.of(tiny(), WeightFormat.Q8_0), "out.gguf");
        List<String> keys = new ArrayList<>(before.metadata().asMap().keySet());
        assertEquals(keys, new ArrayList<>(after.metadata().asMap().keySet()).subList(0, keys.size()));
        keys.forEach(key ->
                assertEquals(before.metadata().find(key), after.metadata().find(key), key));
        for (GgufTensor tensor : before.tensors()) {
            if (tensor.rank() == 1) {
                assertEquals(GgmlType.F32, type(after, tensor.name()));
                assertEquals(before.readTensor(tensor), after.readTensor(after.requireTensor(tensor.name())));
            }
        }
    }

    @Test
    void wishesGoBeforeTheMix() {
        GgufFile file = write(
                Quantizer.of(tiny(), WeightFormat.Q4_0)
                        .tensorType(Pattern.compile("ffn_(up|down)"), GgmlType.Q8_0)
                        .tensorType(Pattern.compile("ffn_(down|gate)"), GgmlType.F16)
                        .outputType(GgmlType.Q5_1)
                        .embeddingType(GgmlType.BF16),
                "out.gguf");
        assertEquals(GgmlType.Q8_0, type(file, "blk.0.ffn_down.weight"));
        assertEquals(GgmlType.Q8_0, type(file, "blk.1.ffn_up.weight"));
        assertEquals(GgmlType.F16, type(file, "blk.0.ffn_gate.weight"));
        assertEquals(GgmlType.Q5_1, type(file, "output.weight"));
        assertEquals(GgmlType.BF16, type(file, "token_embd.weight"));
        assertEquals(GgmlType.Q4_0, type(file, "blk.0.attn_q.weight"));
        assertEquals(
                GgmlType.Q4_0,
                type(write(Quantizer.of(tiny(), WeightFormat.Q4_0).pure(true), "pure.gguf"), "output.weight"));
    }

    @Test
    void aWishThatDecidesNothingIsAMistake() {
        Quantizer quantizer =
                Quantizer.of(tiny(), WeightFormat.Q4_0).tensorType(Pattern.compile("attn"), GgmlType.Q8_0);
        quantizer.plan();
        quantizer.tensorType(Pattern.compile("attn_v"), GgmlType.F16);
        BadInputException e = assertThrows(BadInputException.class, quantizer::plan);
        assertEquals("tensor type", e.setting().orElseThrow());
        assertTrue(e.getMessage().contains("'attn_v', which decides none"), e.getMessage());
    }

    @Test
    void thePlanSaysWhatFellBack() {
        QuantizationPlan plan = Quantizer.of(tiny(), WeightFormat.Q4_K_M).plan();
        QuantizationPlan.Tensor query = plan.tensors().stream()
                .filter(t -> t.name().equals("blk.0.attn_q.weight"))
                .findFirst()
                .orElseThrow();
        assertEquals(GgmlType.Q5_0, query.to());
        assertTrue(query.fellBack());
        assertArrayEquals(new long[] {64, 64}, query.dims());
        assertEquals(
                plan.tensors().size(),
                plan.shares().values().stream()
                        .mapToInt(QuantizationPlan.Share::tensors)
                        .sum());
    }

    @Test
    void quantizedModelsAreTakenOnlyIfToldTo() {
        write(Quantizer.of(tiny(), WeightFormat.Q8_0), "q8.gguf");
        Quantizer again = Quantizer.of(folder.resolve("q8.gguf"), WeightFormat.Q4_0);
        String message = assertThrows(BadInputException.class, again::plan).getMessage();
        assertTrue(message.contains("q8.gguf: tensor token_embd.weight is Q8_0 already"), message);
        assertEquals(GgmlType.Q4_0, type(write(again.allowRequantize(true), "q4.gguf"), "blk.0.attn_q.weight"));
        // What is in its format already is no requantizing.
        Quantizer.of(folder.resolve("q8.gguf"), WeightFormat.Q8_0).plan();
    }

    @Test
    void importanceLowersTheWeightedError() throws IOException {
        for (FormatMix mix : List.of(
                FormatMix.Q2_K,
                FormatMix.Q3_K_S,
                FormatMix.Q4_K_S,
                FormatMix.Q5_K_S,
                FormatMix.Q6_K,
                FormatMix.IQ4_NL,
                FormatMix.IQ4_XS)) {
            WeightFormat format = WeightFormat.valueOf(mix.name());
            Path model = wide(folder.resolve("wide.gguf"));
            Path matrix = outliers(folder.resolve("imatrix.gguf"));
            GgufFile plain = write(Quantizer.of(model, format).pure(true), "plain.gguf");
            GgufFile weighted = write(Quantizer.of(model, format).pure(true).importance(matrix), "weighted.gguf");
            assertEquals(mix.base(), type(weighted, "blk.0.attn_q.weight"));
            double before = weightedError(model, plain);
            double after = weightedError(model, weighted);
            assertTrue(after < 0.98 * before, format.label() + ": " + after + " after " + before);
            assertEquals(1, weighted.metadata().requireInt("quantize.imatrix.entries_count"));
            for (String name : List.of("wide.gguf", "imatrix.gguf", "plain.gguf", "weighted.gguf")) {
                Files.delete(folder.resolve(name));
            }
        }
    }

    private static final int COLUMNS = 512;
    private static final int ROWS = 24;

    private static Path wide(Path path) {
        float[] values = new float[COLUMNS * ROWS];
        java.util.Random random = new java.util.Random(3);
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        GgufWriter.to(path)
                .put("general.architecture", "llama")
                .tensor("blk.0.attn_q.weight", GgmlType.F32, new long[] {COLUMNS, ROWS}, bytes(values))
                .write();
        return path;
    }

    private static float importance(int column) {
        return column % 37 == 0 ? 400 : 1;
    }

    /** A few columns of the activations are twenty times as large as the others. */
    private static Path outliers(Path path) {
        float[] sums = new float[COLUMNS];
        for (int c = 0; c < COLUMNS; c++) {
            sums[c] = 8 * importance(c);
        }
        GgufWriter.to(path)
                .put("general.type", "imatrix")
                .put("imatrix.datasets", GgufValue.of(List.of("x.txt")))
                .put("imatrix.chunk_count", 1)
                .put("imatrix.chunk_size", 8)
                .tensor("blk.0.attn_q.weight.in_sum2", GgmlType.F32, new long[] {COLUMNS, 1}, bytes(sums))
                .tensor("blk.0.attn_q.weight.counts", GgmlType.F32, new long[] {1, 1}, bytes(new float[] {8}))
                .write();
        return path;
    }

    private static ByteBuffer bytes(float[] values) {
        ByteBuffer bytes = ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        return bytes;
    }

    private double weightedError(Path original, GgufFile encoded) {
        Path decoded = folder.resolve("decoded.gguf");
        Quantizer.of(encoded.path(), WeightFormat.F32)
                .allowRequantize(true)
                .overwrite(true)
                .write(decoded);
        GgufFile a = GgufFile.read(original);
        GgufFile b = GgufFile.read(decoded);
        var x = a.readTensor(a.requireTensor("blk.0.attn_q.weight")).asFloatBuffer();
        var y = b.readTensor(b.requireTensor("blk.0.attn_q.weight")).asFloatBuffer();
        double sum = 0;
        for (int i = 0; i < x.limit(); i++) {
            sum += importance(i % COLUMNS) * Math.pow(x.get(i) - y.get(i), 2);
        }
        return sum;
    }

    @Test
    void refusesWhatIsWrongAndLeavesNothingBehind() throws IOException {
        Path model = tiny();
        Path out = folder.resolve("out.gguf");
        Quantizer quantizer = Quantizer.of(model, WeightFormat.Q8_0);
        assertThrows(BadInputException.class, () -> quantizer.write(model));
        Files.createFile(out);
        assertThrows(BadInputException.class, () -> quantizer.write(out));
        assertEquals(0, Files.size(out));
        Path adapter = folder.resolve("adapter.gguf");
        GgufWriter.to(adapter)
                .put("general.architecture", "llama")
                .put("general.type", "adapter")
                .write();
        assertThrows(BadInputException.class, () -> Quantizer.of(adapter, WeightFormat.Q8_0)
                .plan());
        assertThrows(BadInputException.class, () -> quantizer.tensorType(Pattern.compile("x"), GgmlType.IQ2_XS));
        float[] values = new float[64];
        values[33] = Float.NaN;
        Path nan = folder.resolve("nan.gguf");
        GgufWriter.to(nan)
                .put("general.architecture", "llama")
                .tensor("blk.0.attn_q.weight", GgmlType.F32, new long[] {32, 2}, bytes(values))
                .write();
        String message = assertThrows(BadInputException.class, () -> Quantizer.of(nan, WeightFormat.Q8_0)
                        .write(folder.resolve("n2.gguf")))
                .getMessage();
        assertTrue(message.contains("blk.0.attn_q.weight") && message.contains("row 1, column 1"), message);
        assertFalse(Files.exists(folder.resolve("n2.gguf")));
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(
                    0, files.filter(file -> file.toString().endsWith(".tmp")).count());
        }
    }

    @Test
    void anInterruptEndsItAndLeavesNothing() throws IOException {
        Path out = Files.createDirectory(folder.resolve("out"));
        Quantizer quantizer = Quantizer.of(tiny(), WeightFormat.Q8_0);
        Thread.currentThread().interrupt();
        assertThrows(OperationCancelledException.class, () -> quantizer.write(out.resolve("early.gguf")));
        assertTrue(Thread.interrupted(), "the interrupt status stays");
        assertThrows(
                OperationCancelledException.class,
                () -> quantizer.write(out.resolve("late.gguf"), progress -> Thread.currentThread()
                        .interrupt()));
        assertTrue(Thread.interrupted());
        try (Stream<Path> left = Files.list(out)) {
            assertEquals(List.of(), left.toList());
        }
    }

    @Test
    void importanceOfAnotherModelIsRefused() {
        Path matrix = outliers(folder.resolve("imatrix.gguf"));
        Quantizer quantizer = Quantizer.of(tiny(), WeightFormat.Q4_0).importance(matrix);
        String message = assertThrows(BadInputException.class, quantizer::plan).getMessage();
        assertTrue(
                message.contains("imatrix.gguf: importance of tensor blk.0.attn_q.weight expects 64 columns"), message);
        Quantizer other = Quantizer.of(tiny(), WeightFormat.Q4_0).importance(tiny());
        assertThrows(BadInputException.class, other::plan);
    }
}
