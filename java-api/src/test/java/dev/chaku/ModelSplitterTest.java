package dev.chaku;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgmlType;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufTensor;
import dev.chaku.internal.arch.FormatMix;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What holds for a model in one file holds for its parts. */
class ModelSplitterTest {
    private static final int[] TOKENS = {1, 70, 71, 72, 100, 5};

    @TempDir
    Path folder;

    private Path whole;

    @BeforeEach
    void writeWhole() {
        whole = TinyModel.write(folder.resolve("base.gguf"), TinyModel.qwen2(), FormatMix.F32, 1);
    }

    private List<Path> split() {
        return ModelSplitter.of(whole).maxTensors(7).write(folder.resolve("parts")).stream()
                .map(ModelSplitter.Part::path)
                .toList();
    }

    private List<String> names() throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            return all.map(path -> path.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void joiningGivesTheFileBack() throws IOException {
        List<Path> parts = split();
        assertEquals(4, parts.size());
        Path joined = folder.resolve("joined.gguf");
        ModelJoiner.Report report = ModelJoiner.of(parts.get(2)).write(joined);
        assertEquals(new ModelJoiner.Report(4, GgufFile.read(whole).tensors().size(), Files.size(whole)), report);
        assertArrayEquals(Files.readAllBytes(whole), Files.readAllBytes(joined));
    }

    @Test
    void partsCanBeSplitAnew() throws IOException {
        List<ModelSplitter.Part> again =
                ModelSplitter.of(split().get(0)).maxTensors(3).write(folder.resolve("again"));
        Path joined = folder.resolve("joined.gguf");
        ModelJoiner.of(again.get(0).path()).write(joined);
        assertArrayEquals(Files.readAllBytes(whole), Files.readAllBytes(joined));
    }

    @Test
    void thePlanIsWhatIsWritten() {
        ModelSplitter splitter = ModelSplitter.of(whole).maxBytes(60_000);
        List<ModelSplitter.Part> plan = splitter.plan(folder.resolve("parts"));
        assertFalse(Files.exists(plan.get(0).path()));
        List<FileProgress> seen = new ArrayList<>();
        assertEquals(plan, splitter.write(folder.resolve("parts"), seen::add));
        assertEquals(1.0, seen.get(seen.size() - 1).share());
    }

    @Test
    void nothingIsOverwrittenUnasked() throws IOException {
        Path there = Files.writeString(folder.resolve("parts-00003-of-00004.gguf"), "mine");
        BadInputException e = assertThrows(BadInputException.class, this::split);
        assertTrue(e.getMessage().startsWith(there.toString()), e.getMessage());
        assertEquals(List.of("base.gguf", "parts-00003-of-00004.gguf"), names());
        assertEquals("mine", Files.readString(there));
        ModelSplitter.of(whole).maxTensors(7).overwrite(true).write(folder.resolve("parts"));
        BadInputException taken = assertThrows(
                BadInputException.class, () -> ModelJoiner.of(there).write(folder.resolve("base.gguf")));
        assertTrue(taken.getMessage().contains("base.gguf"), taken.getMessage());
    }

    @Test
    void noInputIsReplaced() throws IOException {
        List<Path> parts = split();
        byte[] second = Files.readAllBytes(parts.get(1));
        assertThrows(BadInputException.class, () -> ModelSplitter.of(parts.get(0))
                .maxTensors(7)
                .overwrite(true)
                .write(folder.resolve("parts")));
        assertThrows(
                BadInputException.class,
                () -> ModelJoiner.of(parts.get(0)).overwrite(true).write(parts.get(1)));
        assertThrows(BadInputException.class, () -> Quantizer.of(parts.get(0), WeightFormat.Q8_0)
                .overwrite(true)
                .write(parts.get(1)));
        assertArrayEquals(second, Files.readAllBytes(parts.get(1)));
    }

    @Test
    void aFullDiskOrADamagedModelLeavesNothing() throws IOException {
        List<Path> parts = split();
        Files.write(parts.get(3), new byte[100]);
        List<String> before = names();
        assertThrows(
                BadInputException.class,
                () -> ModelSplitter.of(parts.get(0)).maxTensors(1).write(folder.resolve("again")));
        assertThrows(BadInputException.class, () -> ModelJoiner.of(parts.get(0)).write(folder.resolve("joined.gguf")));
        assertThrows(
                BadInputException.class,
                () -> ModelSplitter.of(whole).maxTensors(1).write(folder.resolve("none/again")));
        assertEquals(before, names());
    }

    @Test
    void aModelInOneFileIsNotJoined() {
        BadInputException e = assertThrows(
                BadInputException.class, () -> ModelJoiner.of(whole).write(folder.resolve("joined.gguf")));
        assertTrue(e.getMessage().contains("nothing to join"), e.getMessage());
    }

    @Test
    void partsComputeAlike() {
        List<Path> parts = split();
        try (Model one = Model.open(whole);
                Model many = Model.open(parts.get(1))) {
            assertArrayEquals(one.logits(TOKENS), many.logits(TOKENS));
            assertEquals(parts.get(0), many.path().orElseThrow());
            assertEquals(one.metadata(), many.metadata());
        }
    }

    @Test
    void partsQuantizeAlike() throws IOException {
        Path first = split().get(0);
        Path one = folder.resolve("one.gguf");
        Path many = folder.resolve("many.gguf");
        Quantizer.of(whole, WeightFormat.Q4_0).write(one);
        Quantizer.of(first, WeightFormat.Q4_0).write(many);
        assertArrayEquals(Files.readAllBytes(one), Files.readAllBytes(many));
        Path text = Files.writeString(folder.resolve("text.txt"), "TheCowLives.".repeat(20));
        for (Path model : List.of(whole, first)) {
            Path importance = folder.resolve(model.getFileName() + ".imatrix");
            try (Model open = Model.open(model)) {
                ImportanceCollector.on(open).chunkTokens(40).write(text, importance);
            }
        }
        assertArrayEquals(
                Files.readAllBytes(folder.resolve("base.gguf.imatrix")),
                Files.readAllBytes(folder.resolve(first.getFileName() + ".imatrix")));
    }

    private Adapter train(Path model, String out) {
        try (Model base = Model.open(model);
                TrainingRun run = Trainer.on(base)
                        .lora(TinyTraining.lora())
                        .config(TinyTraining.config()
                                .with(c -> c.maxSteps(4).saveSteps(2).keepCheckpoints(2)))
                        .examples(TinyTraining.counting(24, 7))
                        .output(folder.resolve(out))
                        .start()) {
            return run.await();
        }
    }

    /** The base's hash is one, so that an adapter and a checkpoint belong to both. */
    @Test
    void partsTrainAlike() throws IOException {
        Adapter one = train(whole, "one");
        Adapter many = train(split().get(3), "many");
        assertEquals(TinyTraining.bits(one), TinyTraining.bits(many));
        assertEquals(
                one.metadata().requireString("chaku.base.sha256"),
                many.metadata().requireString("chaku.base.sha256"));
        Files.delete(folder.resolve("one/adapter.gguf"));
        try (Model base = Model.open(split2().get(0));
                TrainingRun run = Trainer.on(base)
                        .lora(TinyTraining.lora())
                        .config(TinyTraining.config()
                                .with(c -> c.maxSteps(4).saveSteps(2).keepCheckpoints(2)))
                        .examples(TinyTraining.counting(24, 7))
                        .output(folder.resolve("one"))
                        .resume(true)
                        .start()) {
            assertEquals(TinyTraining.bits(one), TinyTraining.bits(run.await()));
        }
    }

    private List<Path> split2() {
        return ModelSplitter.of(whole).maxTensors(10).write(folder.resolve("tens")).stream()
                .map(ModelSplitter.Part::path)
                .toList();
    }

    @Test
    void wholeModelsAreWrittenFromParts() {
        Path first = split().get(0);
        try (Model base = Model.open(first);
                TrainingRun run = Trainer.on(base)
                        .full(GgmlType.F32)
                        .config(TinyTraining.config().with(c -> c.maxSteps(2)))
                        .examples(TinyTraining.counting(24, 7))
                        .output(folder.resolve("full"))
                        .start()) {
            GgufFile written = GgufFile.read(run.awaitFile());
            assertEquals(1, written.parts().size());
            assertEquals(
                    GgufFile.read(whole).tensors().stream()
                            .map(GgufTensor::name)
                            .toList(),
                    written.tensors().stream().map(GgufTensor::name).toList());
        }
    }
}
