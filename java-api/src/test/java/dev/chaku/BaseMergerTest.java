package dev.chaku;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.data.Dataset;
import dev.chaku.data.Example;
import dev.chaku.errors.BadInputException;
import dev.chaku.errors.OperationCancelledException;
import dev.chaku.gguf.GgmlType;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufTensor;
import dev.chaku.gguf.GgufValue;
import dev.chaku.gguf.GgufWriter;
import dev.chaku.internal.arch.FormatMix;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.LoraPair;
import dev.chaku.internal.engine.lookup.Engines;
import dev.chaku.internal.io.DirectBuffers;
import dev.chaku.merge.OutputRank;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class BaseMergerTest {
    private static final int[] TOKENS = {1, 10, 20, 30, 40, 50, 60, 7, 9};

    @TempDir
    Path folder;

    private Path base(WeightFormat format) {
        return TinyModel.write(folder.resolve("base.gguf"), MergeFixtures.wide(), format.mix(), 1);
    }

    private Adapter adapter(Path base, int rank, long seed) {
        try (Model model = Model.open(base)) {
            return Adapter.load(MergeFixtures.adapter(folder.resolve("a" + seed + ".gguf"), model, rank, seed));
        }
    }

    /** A change of weights in float64 alone, one value after the other, then the codec's blocks. */
    private static ByteBuffer expected(
            GgufFile base, GgufTensor tensor, GgmlType to, List<Adapter> adapters, double... scales) {
        FloatBuffer values = DirectBuffers.floats((int) tensor.elements());
        Engines.codec().dequantize(tensor.type(), base.readTensor(tensor), values);
        int columns = (int) tensor.dim(0);
        boolean found = false;
        double[] sums = new double[values.capacity()];
        for (int i = 0; i < sums.length; i++) {
            sums[i] = values.get(i);
        }
        for (int n = 0; n < scales.length; n++) {
            for (LoraPair pair : adapters.get(n).weights().pairs()) {
                if (!tensor.name().equals(pair.place().name() + ".weight")) {
                    continue;
                }
                found = true;
                double scale = scales[n] * adapters.get(n).alpha() / pair.rank();
                for (int i = 0; i < sums.length; i++) {
                    for (int r = 0; r < pair.rank(); r++) {
                        double b = pair.b()[i / columns * pair.rank() + r];
                        sums[i] += scale * b * pair.a()[r * columns + i % columns];
                    }
                }
            }
        }
        if (!found) {
            return base.readTensor(tensor);
        }
        for (int i = 0; i < sums.length; i++) {
            values.put(i, (float) sums[i]);
        }
        ByteBuffer blocks = DirectBuffers.bytes((int) to.tensorBytes(tensor.dims()));
        Engines.codec().quantize(to, values, blocks);
        return blocks;
    }

    @ParameterizedTest
    @EnumSource(WeightFormat.class)
    void mergesInEveryFormatAsFloat64AndTheCodecDo(WeightFormat format) {
        Path base = base(format);
        List<Adapter> adapters = List.of(adapter(base, 4, 1), adapter(base, 6, 2));
        Path out = folder.resolve("out.gguf");
        BaseMergeReport report = BaseMerger.into(base)
                .add(adapters.get(0), 1)
                .add(adapters.get(1), -0.5)
                .rounding(MergeRounding.PLAIN)
                .write(out);
        GgufFile before = GgufFile.read(base);
        GgufFile after = GgufFile.read(out);
        assertEquals(7, report.tensors().size());
        assertEquals(before.tensors().size(), after.tensors().size());
        for (GgufTensor tensor : before.tensors()) {
            GgufTensor merged = after.requireTensor(tensor.name());
            assertEquals(tensor.type(), merged.type(), tensor.name());
            assertEquals(
                    expected(before, tensor, tensor.type(), adapters, 1, -0.5),
                    after.readTensor(merged),
                    tensor.name());
        }
    }

    @Test
    void whatIsNotTouchedKeepsItsBytesAndItsKeyValues() {
        Path base = base(WeightFormat.Q4_K_M);
        Path file = folder.resolve("few.gguf");
        try (Model model = Model.open(base)) {
            MergeFixtures.adapter(
                    file, model.spec(), GgufFile.read(base).sha256(), 4, 1, p -> p.module() == DecoderModule.ATTN_Q);
        }
        Path out = folder.resolve("out.gguf");
        BaseMerger.into(base)
                .add(Adapter.load(file), 0.75)
                .format(WeightFormat.Q6_K)
                .write(out);
        GgufFile before = GgufFile.read(base);
        GgufFile after = GgufFile.read(out);
        for (GgufTensor tensor : before.tensors()) {
            GgufTensor merged = after.requireTensor(tensor.name());
            boolean touched = tensor.name().equals("blk.0.attn_q.weight");
            assertEquals(touched ? GgmlType.Q6_K : tensor.type(), merged.type(), tensor.name());
            assertEquals(touched, !before.readTensor(tensor).equals(after.readTensor(merged)), tensor.name());
        }
        before.metadata().asMap().forEach((key, value) -> {
            if (!key.equals("general.file_type")) {
                assertEquals(value, after.metadata().asMap().get(key), key);
            }
        });
        assertEquals(before.sha256(), after.metadata().requireString("chaku.merge.base.sha256"));
        assertEquals("base.gguf", after.metadata().requireString("chaku.merge.base.file"));
        assertEquals(
                List.of("few.gguf"),
                after.metadata()
                        .findStrings("chaku.merge.adapters")
                        .orElseThrow()
                        .toList());
        assertEquals(
                List.of(GgufFile.read(file).sha256()),
                after.metadata()
                        .findStrings("chaku.merge.adapters.sha256")
                        .orElseThrow()
                        .toList());
        assertEquals(GgufValue.of(new float[] {0.75f}), after.metadata().asMap().get("chaku.merge.scales"));
        assertEquals("q6_k", after.metadata().requireString("chaku.merge.type"));
    }

    @Test
    void rowsThatNothingIsAddedToKeepTheirBlocks() {
        Path base = base(WeightFormat.Q4_0);
        Adapter some = adapter(base, 4, 1);
        LoraPair pair = some.weights().pairs().get(0);
        java.util.Arrays.fill(pair.b(), 5 * pair.rank(), 9 * pair.rank(), 0);
        Path out = folder.resolve("out.gguf");
        BaseMerger.into(base).add(some, 1).write(out);
        String name = pair.place().name() + ".weight";
        GgufFile before = GgufFile.read(base);
        GgufFile after = GgufFile.read(out);
        int rowBytes = (int) GgmlType.Q4_0.rowBytes(pair.inputs());
        ByteBuffer was = before.readTensor(before.requireTensor(name));
        ByteBuffer is = after.readTensor(after.requireTensor(name));
        for (int row = 0; row < 12; row++) {
            boolean same = was.slice(row * rowBytes, rowBytes).equals(is.slice(row * rowBytes, rowBytes));
            assertEquals(row >= 5 && row < 9, same, "row " + row);
        }
    }

    /** In float32 the merged model says what the base says that wears the adapters, to the rounding of sums. */
    @Test
    void floatModelsSayTheSameAsTheBaseThatWearsTheAdapters() {
        Path base = base(WeightFormat.Q4_0);
        List<Adapter> adapters = List.of(adapter(base, 4, 1), adapter(base, 6, 2));
        float[] scales = {1, 0.5f};
        try (Model model = Model.open(base, Float32Device.options())) {
            float[] worn = AdapterTest.logits(model, TOKENS, adapters, scales);
            float[] bare = AdapterTest.logits(model, TOKENS, List.of());
            double size = rootMeanSquare(worn, bare);
            assertTrue(size > 0.1, "the adapters do something: " + size);
            for (WeightFormat format : List.of(WeightFormat.F32, WeightFormat.BF16)) {
                Path out = folder.resolve(format + ".gguf");
                BaseMerger.into(base)
                        .add(adapters.get(0), scales[0])
                        .add(adapters.get(1), scales[1])
                        .format(format)
                        .write(out);
                try (Model merged = Model.open(out, Float32Device.options())) {
                    float[] said = AdapterTest.logits(merged, TOKENS, List.of());
                    double bound = format == WeightFormat.F32 ? 1e-5 : 1.0 / 128;
                    assertTrue(
                            rootMeanSquare(worn, said) < bound * size,
                            format + ": " + rootMeanSquare(worn, said) / size);
                }
            }
        }
    }

    private static double rootMeanSquare(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += (a[i] - b[i]) * (double) (a[i] - b[i]);
        }
        return Math.sqrt(sum / a.length);
    }

    @Test
    void bytesAndReportDoNotDependOnTheNumberOfThreads() throws IOException {
        Path base = base(WeightFormat.Q4_K_M);
        Adapter adapter = adapter(base, 8, 1);
        BaseMergeReport one = BaseMerger.into(base)
                .add(adapter, 1)
                .options(ModelOptions.defaults().withThreads(1))
                .write(folder.resolve("1.gguf"));
        BaseMergeReport five = BaseMerger.into(base)
                .add(adapter, 1)
                .options(ModelOptions.defaults().withThreads(5))
                .write(folder.resolve("5.gguf"));
        assertEquals(-1, Files.mismatch(folder.resolve("1.gguf"), folder.resolve("5.gguf")));
        assertEquals(one, five);
        assertEquals(Files.size(folder.resolve("1.gguf")), one.fileBytes());
    }

    /** Of a change in float32 all is kept; in Q4_0 of one that is far below its steps nearly nothing is right. */
    @Test
    void theReportSaysWhatIsKept() {
        Path base = base(WeightFormat.Q4_0);
        Adapter adapter = adapter(base, 4, 1);
        BaseMergeReport exact =
                BaseMerger.into(base).add(adapter, 1).format(WeightFormat.F32).write(folder.resolve("f32.gguf"));
        for (BaseMergeReport.Tensor tensor : exact.tensors()) {
            assertEquals(1, tensor.kept(), 1e-9, tensor.name());
            assertEquals(0, tensor.error(), 1e-9, tensor.name());
        }
        BaseMergeReport lost = BaseMerger.into(base)
                .add(adapter, 1e-3)
                .rounding(MergeRounding.PLAIN)
                .write(folder.resolve("q4.gguf"));
        for (BaseMergeReport.Tensor tensor : lost.tensors()) {
            assertTrue(tensor.error() > 0.9, tensor.name() + ": " + tensor.error());
        }
    }

    /** Two adapters that change a fused or plain tensor by a fraction of its steps are kept by their directions. */
    @Test
    void roundingAlongTheChangeKeepsWhatTheQuantizerLoses() {
        Path base = base(WeightFormat.Q4_K_S);
        List<Adapter> adapters = List.of(adapter(base, 4, 1), adapter(base, 6, 2));
        Path out = folder.resolve("out.gguf");
        for (MergeRounding rounding : MergeRounding.values()) {
            BaseMergeReport report = BaseMerger.into(base)
                    .add(adapters.get(0), 0.05)
                    .add(adapters.get(1), 0.05)
                    .rounding(rounding)
                    .overwrite(true)
                    .write(out);
            boolean change = rounding == MergeRounding.CHANGE;
            assertEquals(change, Math.abs(report.kept() - 1) < 0.05, rounding + " keeps " + report.kept());
            assertEquals(!change, report.isLossy());
            assertEquals(!change, report.warning().isPresent());
            if (!change) {
                String words = report.warning().orElseThrow();
                WeightFormat advised = report.advice().orElseThrow().format();
                assertTrue(words.contains("% of the change is left") && words.contains(advised.label()), words);
                assertTrue(advised.ordinal() < WeightFormat.Q4_0.ordinal()
                        || advised.ordinal() > WeightFormat.Q4_K_M.ordinal());
            }
            assertEquals(
                    rounding.name().toLowerCase(java.util.Locale.ROOT),
                    GgufFile.read(out).metadata().requireString("chaku.merge.rounding"));
        }
    }

    /**
     * What rounding lost is worn over the merged model, knows it as its base, and brings it near the base with adapter.
     */
    @Test
    void whatIsLostIsKeptAsAnAdapterOfTheMergedModel() {
        Path base = base(WeightFormat.Q4_0);
        Adapter adapter = adapter(base, 4, 1);
        Path out = folder.resolve("out.gguf");
        Path rest = folder.resolve("rest.gguf");
        Dataset data = Dataset.of(List.of(new Example.Text("a", "abcdefgh"), new Example.Text("b", "hello world")));
        BaseMergeReport report = BaseMerger.into(base)
                .add(adapter, 0.02)
                .rounding(MergeRounding.PLAIN)
                .data(data)
                .options(Float32Device.options())
                .keepDelta(rest, OutputRank.of(6))
                .write(out);
        assertEquals(6, report.delta().orElseThrow().rank());
        assertEquals(7, report.delta().orElseThrow().products());
        BaseMergeReport.Trial trial = report.trial().orElseThrow();
        double with = trial.withDelta().orElseThrow().divergence();
        assertTrue(with < trial.divergence() / 3, with + " for " + trial.divergence());
        try (Model model = Model.open(base, Float32Device.options());
                Model merged = Model.open(out, Float32Device.options())) {
            Adapter lost = Adapter.load(rest);
            assertEquals(Optional.of(true), lost.isTrainedOn(merged));
            assertEquals(Optional.of(false), lost.isTrainedOn(model));
            assertEquals(report.delta().orElseThrow().parameters(), lost.parameterCount());
            float[] worn = AdapterTest.logits(model, TOKENS, List.of(adapter), 0.02f);
            double of = rootMeanSquare(worn, AdapterTest.logits(merged, TOKENS, List.of()));
            double is = rootMeanSquare(worn, AdapterTest.logits(merged, TOKENS, List.of(lost), 1));
            assertTrue(is < of / 2, is + " for " + of);
        }
        Path none = folder.resolve("none.gguf");
        BaseMergeReport exact = BaseMerger.into(base)
                .add(adapter, 1)
                .format(WeightFormat.F32)
                .keepDelta(none, OutputRank.of(4))
                .write(folder.resolve("f32.gguf"));
        assertTrue(exact.delta().isEmpty());
        assertFalse(Files.exists(none));
    }

    /** A share of the energy takes no more rank than it needs, and the lost change of rank 4 is 4 directions. */
    @Test
    void energyDecidesTheRankOfWhatIsKept() {
        Path base = base(WeightFormat.Q8_0);
        Adapter adapter = adapter(base, 4, 1);
        Path rest = folder.resolve("rest.gguf");
        BaseMergeReport report = BaseMerger.into(base)
                .add(adapter, 1e-4)
                .rounding(MergeRounding.PLAIN)
                .keepDelta(rest, new OutputRank(16, 0.5))
                .write(folder.resolve("out.gguf"));
        int rank = report.delta().orElseThrow().rank();
        assertTrue(rank >= 1 && rank <= 4, "rank " + rank);
    }

    @Test
    void dataSayHowMuchOfTheGainIsKept() {
        Path base = base(WeightFormat.Q8_0);
        Dataset data = Dataset.of(List.of(new Example.Text("a", "abcdefgh"), new Example.Text("b", "hello world")));
        Adapter adapter = adapter(base, 4, 1);
        BaseMergeReport report = BaseMerger.into(base)
                .add(adapter, 1)
                .format(WeightFormat.F32)
                .options(Float32Device.options())
                .data(data)
                .write(folder.resolve("out.gguf"));
        BaseMergeReport.Trial trial = report.trial().orElseThrow();
        try (Model model = Model.open(base, Float32Device.options())) {
            assertEquals(model.scorer().loss(data).loss(), trial.lossBase(), 1e-5);
            assertEquals(model.scorer().adapter(adapter).loss(data).loss(), trial.lossAdapter(), 1e-5);
            assertEquals(model.scorer().loss(data).tokens(), trial.tokens());
        }
        assertEquals(trial.lossAdapter(), trial.lossMerged(), 1e-4);
        assertTrue(Math.abs(trial.lossBase() - trial.lossAdapter()) > 1e-3);
        assertTrue(trial.divergence() < 1e-6, "KL " + trial.divergence());
        assertEquals(1, trial.agreement());
    }

    @Test
    void recoveryIsTheShareOfTheGain() {
        assertEquals(0.75, new BaseMergeReport.Trial(3, 1, 1.5, 0, 1, Optional.empty(), 1).recovery());
        assertTrue(Double.isNaN(new BaseMergeReport.Trial(1, 1, 1, 0, 1, Optional.empty(), 1).recovery()));
    }

    @Test
    void anAdapterOfATiedOutputGetsAnOutputOfItsOwn() {
        Path base = TinyModel.write(folder.resolve("tied.gguf"), TinyModel.llama(), FormatMix.Q8_0, 1);
        Path file = folder.resolve("head.gguf");
        try (Model model = Model.open(base, Float32Device.options())) {
            String hash = GgufFile.read(base).sha256();
            MergeFixtures.adapter(
                    folder.resolve("none.gguf"), model.spec(), hash, 4, 1, p -> p.module() == DecoderModule.ATTN_Q);
            Adapter some = Adapter.load(folder.resolve("none.gguf"));
            LoraPair q = some.weights().pairs().get(0);
            float[] b = new float[TinyModel.VOCAB * 4];
            for (int i = 0; i < b.length; i++) {
                b[i] = (float) Math.sin(i);
            }
            LoraPair head = new LoraPair(DecoderModule.OUTPUT.at(-1), 4, 64, TinyModel.VOCAB, q.a(), b);
            dev.chaku.internal.adapter.GgufAdapters.write(
                    file, "llama", 8, List.of(head), java.util.Map.of("chaku.base.sha256", GgufValue.of(hash)), false);
            Adapter adapter = Adapter.load(file);
            Path out = folder.resolve("out.gguf");
            BaseMergeReport report = BaseMerger.into(base)
                    .add(adapter, 1)
                    .format(WeightFormat.F32)
                    .write(out);
            assertTrue(report.untied());
            assertEquals("output.weight", report.tensors().get(0).name());
            GgufFile before = GgufFile.read(base);
            GgufFile after = GgufFile.read(out);
            assertEquals(
                    before.readTensor(before.requireTensor("token_embd.weight")),
                    after.readTensor(after.requireTensor("token_embd.weight")));
            float[] worn = AdapterTest.logits(model, TOKENS, List.of(adapter), 1);
            try (Model merged = Model.open(out, Float32Device.options())) {
                assertArrayEquals(worn, AdapterTest.logits(merged, TOKENS, List.of()), 1e-4f);
            }
        }
    }

    /** What goes in changes, what comes out stays: the output projection that the embedding was gets a copy of it. */
    @Test
    void anAdapterOfATiedEmbeddingLeavesTheOutputAsItIs() {
        Path base = TinyModel.write(folder.resolve("tied.gguf"), TinyModel.llama(), FormatMix.Q8_0, 1);
        GgufFile before = GgufFile.read(base);
        float[] a = new float[2 * 64];
        float[] b = new float[TinyModel.VOCAB * 2];
        for (int i = 0; i < b.length; i++) {
            a[i % a.length] = (float) Math.cos(i);
            b[i] = (float) Math.sin(i);
        }
        Path file = folder.resolve("embedding.gguf");
        dev.chaku.internal.adapter.GgufAdapters.write(
                file,
                "llama",
                4,
                List.of(new LoraPair(DecoderModule.TOKEN_EMBEDDING.at(-1), 2, 64, TinyModel.VOCAB, a, b)),
                java.util.Map.of("chaku.base.sha256", GgufValue.of(before.sha256())),
                false);
        Adapter adapter = Adapter.load(file);
        Path out = folder.resolve("out.gguf");
        assertTrue(BaseMerger.into(base)
                .add(adapter, 1)
                .rounding(MergeRounding.PLAIN)
                .write(out)
                .untied());
        GgufFile after = GgufFile.read(out);
        GgufTensor embedding = before.requireTensor("token_embd.weight");
        assertEquals(before.readTensor(embedding), after.readTensor(after.requireTensor("output.weight")));
        assertEquals(
                expected(before, embedding, embedding.type(), List.of(adapter), 1),
                after.readTensor(after.requireTensor("token_embd.weight")));
        Dataset data = Dataset.of(List.of(new Example.Text("a", "abc")));
        assertTrue(refused(BaseMerger.into(base).add(adapter, 1).data(data), folder.resolve("2.gguf"))
                .contains("token embedding cannot be worn"));
    }

    private String refused(BaseMerger merger, Path out) {
        return assertThrows(BadInputException.class, () -> merger.write(out)).getMessage();
    }

    @Test
    void anAdapterOfAnotherFileIsRefusedUnlessForced() throws IOException {
        Path base = base(WeightFormat.Q8_0);
        Adapter adapter = adapter(base, 4, 1);
        Path other = TinyModel.write(folder.resolve("other.gguf"), MergeFixtures.wide(), FormatMix.Q8_0, 2);
        Path out = folder.resolve("out.gguf");
        String message = refused(BaseMerger.into(other).add(adapter, 1), out);
        assertTrue(
                message.contains("a1.gguf")
                        && message.contains("trained on another model file (its-base.gguf) than " + other)
                        && message.contains("set force to go on"),
                message);
        assertFalse(Files.exists(out));
        BaseMerger.into(other).add(adapter, 1).force(true).write(out);
        assertTrue(Files.exists(out));
        Path qwen = TinyModel.write(folder.resolve("qwen.gguf"), TinyModel.qwen2(), FormatMix.F32, 1);
        message = refused(BaseMerger.into(qwen).add(adapter, 1).force(true), folder.resolve("q.gguf"));
        assertTrue(message.contains("expected architecture qwen2, found llama"), message);
        Path narrow = TinyModel.write(folder.resolve("narrow.gguf"), TinyModel.llama(), FormatMix.F32, 1);
        message = refused(BaseMerger.into(narrow).add(adapter, 1).force(true), folder.resolve("n.gguf"));
        assertTrue(message.contains("attn_q.weight expects 64 inputs"), message);
    }

    @Test
    void outputsHoldTheRule() throws IOException {
        Path base = base(WeightFormat.Q8_0);
        Adapter adapter = adapter(base, 4, 1);
        byte[] before = Files.readAllBytes(base);
        for (Path input : List.of(base, folder.resolve("a1.gguf"))) {
            String message = refused(BaseMerger.into(base).add(adapter, 1).overwrite(true), input);
            assertTrue(message.contains("expected another file than the input"), message);
        }
        assertArrayEquals(before, Files.readAllBytes(base));
        Path mine = Files.writeString(folder.resolve("mine"), "mine");
        assertTrue(refused(BaseMerger.into(base).add(adapter, 1), mine).contains("exists already"));
        assertEquals("mine", Files.readString(mine));
        BaseMerger.into(base).add(adapter, 1).overwrite(true).write(mine);
        assertTrue(Files.size(mine) > 4);
        assertTrue(refused(BaseMerger.into(base), folder.resolve("x")).contains("at least one adapter"));
        assertThrows(BadInputException.class, () -> BaseMerger.into(base).add(adapter, Double.NaN));
        Path same = folder.resolve("same.gguf");
        assertTrue(refused(BaseMerger.into(base).add(adapter, 1).keepDelta(same, OutputRank.of(2)), same)
                .contains("found the same twice"));
        assertTrue(refused(BaseMerger.into(base).add(adapter, 1).keepDelta(base, OutputRank.of(2)), same)
                .contains("expected another file than the input"));
        assertFalse(Files.exists(same));
    }

    @Test
    void aSumThatItsFormatCannotHoldIsNamed() throws IOException {
        Path base = base(WeightFormat.F16);
        Adapter adapter = adapter(base, 4, 1);
        Path out = Files.createDirectory(folder.resolve("out")).resolve("x.gguf");
        String message = refused(BaseMerger.into(base).add(adapter, 1e9), out);
        assertTrue(
                message.contains("tensor blk.0.attn_q.weight: expected values up to 65504")
                        && message.contains("in row 0, column"),
                message);
        Thread.currentThread().interrupt();
        assertThrows(
                OperationCancelledException.class,
                () -> BaseMerger.into(base).add(adapter, 1).write(out));
        assertTrue(Thread.interrupted());
        try (Stream<Path> left = Files.list(out.getParent())) {
            assertEquals(List.of(), left.toList());
        }
    }

    @Test
    void aFormatThatCannotBeWrittenIsRefusedByName() {
        Path base = base(WeightFormat.F32);
        GgufFile file = GgufFile.read(base);
        Path odd = folder.resolve("odd.gguf");
        GgufWriter writer = GgufWriter.to(odd).putAll(file.metadata());
        for (GgufTensor tensor : file.tensors()) {
            boolean one = tensor.name().equals("blk.0.attn_q.weight");
            GgmlType type = one ? GgmlType.IQ2_XXS : tensor.type();
            writer.tensor(
                    tensor.name(),
                    type,
                    tensor.dims(),
                    one ? DirectBuffers.bytes((int) type.tensorBytes(tensor.dims())) : file.readTensor(tensor));
        }
        writer.write();
        Adapter adapter = adapter(odd, 4, 1);
        Path out = folder.resolve("out.gguf");
        String message = refused(BaseMerger.into(odd).add(adapter, 1), out);
        assertTrue(message.contains("blk.0.attn_q.weight is IQ2_XXS, which can be read, not written"), message);
        BaseMerger.into(odd).add(adapter, 1).format(WeightFormat.Q4_K_M).write(out);
        assertEquals(
                GgmlType.Q4_K,
                GgufFile.read(out).requireTensor("blk.0.attn_q.weight").type());
    }
}
