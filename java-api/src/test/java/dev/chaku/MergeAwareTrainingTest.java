package dev.chaku;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.data.EncodedExample;
import dev.chaku.errors.BadInputException;
import dev.chaku.errors.ResourceException;
import dev.chaku.gguf.GgmlType;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufTensor;
import dev.chaku.gguf.GgufWriter;
import dev.chaku.internal.arch.FormatMix;
import dev.chaku.internal.engine.LoraPair;
import dev.chaku.internal.engine.lookup.Engines;
import dev.chaku.internal.io.DirectBuffers;
import dev.chaku.train.LoraConfig;
import dev.chaku.train.MergeAware;
import dev.chaku.train.TrainingConfig;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Training through the quantizer of a merge. */
class MergeAwareTrainingTest {
    @TempDir
    Path folder;

    private Path file;
    private Model base;
    private final List<EncodedExample> held = TinyTraining.counting(8, 9);

    @BeforeEach
    void openBase() {
        file = TinyModel.write(folder.resolve("base.gguf"), TinyModel.llama(), FormatMix.Q4_0, 1);
        base = Model.open(file, Float32Device.options());
    }

    @AfterEach
    void closeBase() {
        base.close();
    }

    private Trainer trainer(String out, MergeAware aware) {
        return trainer(out, TinyTraining.lora().withMergeAware(aware));
    }

    private Trainer trainer(String out, LoraConfig lora) {
        return Trainer.on(base)
                .lora(lora)
                .config(TinyTraining.config().with(c -> c.learningRate(0.02)))
                .examples(TinyTraining.counting(24, 7))
                .evalExamples(held)
                .output(folder.resolve(out));
    }

    /** What a merge makes: W + s B A encoded by the codec, in the format of each tensor. */
    private Path merge(String name, Adapter adapter, Function<GgufTensor, GgmlType> type) {
        GgufFile source = GgufFile.read(file);
        Map<String, LoraPair> pairs = adapter.weights().pairs().stream()
                .collect(Collectors.toMap(pair -> pair.place().name() + ".weight", Function.identity()));
        Path merged = folder.resolve(name);
        GgufWriter writer = GgufWriter.to(merged).putAll(source.metadata());
        for (GgufTensor tensor : source.tensors()) {
            LoraPair pair = pairs.get(tensor.name());
            if (pair == null) {
                writer.tensor(tensor.name(), tensor.type(), tensor.dims(), source.copyOf(tensor));
            } else {
                FloatBuffer values = DirectBuffers.floats((int) tensor.elements());
                ByteBuffer blocks = DirectBuffers.bytes((int) tensor.bytes());
                source.readTensor(tensor, 0, blocks);
                Engines.codec().dequantize(tensor.type(), blocks.flip(), values);
                add(pair, (double) adapter.weights().alpha() / pair.rank(), values);
                GgmlType to = type.apply(tensor);
                ByteBuffer encoded = DirectBuffers.bytes((int) to.tensorBytes(tensor.dims()));
                Engines.codec().quantize(to, values, encoded);
                writer.tensor(tensor.name(), to, tensor.dims(), encoded);
            }
        }
        writer.write();
        return merged;
    }

    private static void add(LoraPair pair, double scale, FloatBuffer values) {
        for (int n = 0; n < pair.outputs(); n++) {
            for (int k = 0; k < pair.inputs(); k++) {
                double sum = values.get(n * pair.inputs() + k);
                for (int r = 0; r < pair.rank(); r++) {
                    sum += scale * pair.b()[n * pair.rank() + r] * pair.a()[r * pair.inputs() + k];
                }
                values.put(n * pair.inputs() + k, (float) sum);
            }
        }
    }

    private double loss(Path model) {
        try (Model opened = Model.open(model, Float32Device.options())) {
            return opened.scorer().loss(held).loss();
        }
    }

    /** What the run says of the validation, the merged file says, in whatever format and however often quantized. */
    @Test
    void theValidationIsThatOfTheMergedFile() {
        try (TrainingRun own = trainer("own", new MergeAware("base", 1)).start();
                TrainingRun lagging =
                        trainer("lagging", new MergeAware("Q4_0", 3)).start();
                TrainingRun other = trainer("other", MergeAware.of("q8_0")).start()) {
            assertEquals(
                    loss(merge("own.gguf", own.await(), GgufTensor::type)),
                    own.awaitProgress().evalLoss().orElseThrow(),
                    1e-5);
            assertEquals(
                    loss(merge("lagging.gguf", lagging.await(), tensor -> GgmlType.Q4_0)),
                    lagging.awaitProgress().evalLoss().orElseThrow(),
                    1e-5);
            assertEquals(
                    loss(merge("other.gguf", other.await(), tensor -> GgmlType.Q8_0)),
                    other.awaitProgress().evalLoss().orElseThrow(),
                    1e-5);
        }
    }

    @Test
    void theNumberOfThreadsChangesNoBit() {
        try (Model one = Model.open(file, Float32Device.options().withThreads(1));
                TrainingRun two = trainer("two", new MergeAware("q4_0", 2)).start();
                TrainingRun run = Trainer.on(one)
                        .lora(TinyTraining.lora().withMergeAware(new MergeAware("q4_0", 2)))
                        .config(TinyTraining.config().with(c -> c.learningRate(0.02)))
                        .examples(TinyTraining.counting(24, 7))
                        .output(folder.resolve("one"))
                        .start()) {
            assertEquals(TinyTraining.bits(two.await()), TinyTraining.bits(run.await()));
        }
    }

    /** Killed at any place between quantizations, with other validations and checkpoints than the whole run has. */
    @Test
    void endsWithTheSameBitsAfterAKill() throws IOException {
        MergeAware aware = new MergeAware("base", 4);
        List<Integer> expected;
        try (TrainingRun whole = trainer("whole", aware).start()) {
            expected = TinyTraining.bits(whole.await());
        }
        TrainingConfig often = TinyTraining.config()
                .with(c -> c.learningRate(0.02).saveSteps(1).keepCheckpoints(1).evalSteps(3));
        for (int step : List.of(5, 7, 9)) {
            Path live = folder.resolve("live" + step);
            Path killed = folder.resolve("killed" + step);
            Trainer trainer = trainer("live" + step, aware)
                    .config(often)
                    .onProgress(p -> TinyTraining.copyAt(step, p, live, killed));
            try (TrainingRun run = trainer.start()) {
                assertEquals(expected, TinyTraining.bits(run.await()));
            }
            try (TrainingRun run =
                    trainer("killed" + step, aware).config(often).resume(true).start()) {
                assertEquals(step - 1, run.beginning().step());
                assertEquals(expected, TinyTraining.bits(run.await()));
            }
        }
        String refusal = assertThrows(
                        BadInputException.class,
                        () -> trainer("whole", aware.withEvery(5)).resume(true).start())
                .getMessage();
        assertTrue(refusal.contains("merge_aware_every: expected 4 as in the run so far, found 5"), refusal);
    }

    @Test
    void stepsThatAreLeftToTheRunAreWritten() throws IOException {
        try (TrainingRun run = trainer("out", MergeAware.of("base")).start()) {
            run.await();
        }
        String config = Files.readString(folder.resolve("out/config.json"));
        assertTrue(config.contains("\"merge_aware\" : \"base\""), config);
        assertTrue(config.matches("(?s).*\"merge_aware_every\" : [1-9].*"), config);
    }

    @Test
    void memoryIsCounted() {
        long plain = trainer("plain", (MergeAware) null).plan().memory().training();
        long aware = trainer("aware", MergeAware.of("base")).plan().memory().training();
        assertTrue(aware > plain, aware + " after " + plain);
        try (Model small = Model.open(file, Float32Device.options().withMemoryLimitBytes(1 << 20))) {
            assertThrows(ResourceException.class, () -> Trainer.on(small)
                    .lora(TinyTraining.lora().withMergeAware(MergeAware.of("base")))
                    .config(TinyTraining.config())
                    .examples(held)
                    .output(folder.resolve("small"))
                    .start());
        }
    }

    /** Rows of 64 and 96: Q5_0 stands in for Q4_K, Q8_0 for Q6_K. */
    @Test
    void aMixFallsBackAsTheQuantizerDoes() {
        Path mixed = folder.resolve("mixed.gguf");
        Quantizer.of(file, WeightFormat.Q4_K_M).allowRequantize(true).write(mixed);
        GgufFile formats = GgufFile.read(mixed);
        assertEquals(GgmlType.Q5_0, formats.requireTensor("blk.0.attn_q.weight").type());
        try (TrainingRun run = trainer("out", new MergeAware("q4_k_m", 1)).start()) {
            Path merged = merge("merged.gguf", run.await(), tensor -> formats.requireTensor(tensor.name())
                    .type());
            assertEquals(loss(merged), run.awaitProgress().evalLoss().orElseThrow(), 1e-5);
        }
    }

    @Test
    void formatsThatCannotBeWrittenAreNamed() {
        // Adapters over such a base can be trained, and merged into another mix alone.
        Path odd = folder.resolve("odd.gguf");
        GgufFile source = GgufFile.read(file);
        GgufWriter writer = GgufWriter.to(odd).putAll(source.metadata());
        for (GgufTensor tensor : source.tensors()) {
            boolean changed = tensor.name().equals("blk.1.attn_q.weight");
            if (changed) {
                ByteBuffer zeros = DirectBuffers.bytes((int) GgmlType.NVFP4.tensorBytes(tensor.dims()));
                writer.tensor(tensor.name(), GgmlType.NVFP4, tensor.dims(), zeros);
            } else {
                writer.tensor(tensor.name(), tensor.type(), tensor.dims(), source.copyOf(tensor));
            }
        }
        writer.write();
        try (Model model = Model.open(odd, Float32Device.options())) {
            String message = assertThrows(BadInputException.class, () -> Trainer.on(model)
                            .lora(TinyTraining.lora().withMergeAware(MergeAware.of("base")))
                            .config(TinyTraining.config())
                            .examples(held)
                            .plan())
                    .getMessage();
            assertTrue(
                    message.endsWith(": merge aware: tensor blk.1.attn_q.weight is in NVFP4, which cannot be"
                            + " written; expected a mix, such as q4_k_m, found base"),
                    message);
        }
    }
}
