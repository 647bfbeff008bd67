package dev.chaku;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgmlType;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufTensor;
import dev.chaku.internal.arch.FormatMix;
import dev.chaku.train.TrainingConfig;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A weight that is no number, or too large for a format, ends whatever meets it with an error that names it. */
class NotFiniteTest {
    private static final String UP = "blk.1.ffn_up.weight";

    @TempDir
    Path folder;

    private Path file;

    @BeforeEach
    void write() {
        file = TinyModel.write(folder.resolve("tiny.gguf"), TinyModel.llama(), FormatMix.F32, 1);
    }

    /** Sets row 2, column 3. */
    private void set(String name, float value) throws IOException {
        GgufTensor tensor = GgufFile.read(file).requireTensor(name);
        long element = tensor.rank() == 1 ? 3 : 2 * tensor.dim(0) + 3;
        ByteBuffer bytes = ByteBuffer.allocate(4)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putFloat(value)
                .flip();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.write(bytes, tensor.offset() + 4 * element);
        }
    }

    private List<String> names() throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            return all.map(path -> path.getFileName().toString()).sorted().toList();
        }
    }

    private static void assertNames(BadInputException e, String... expected) {
        for (String part : expected) {
            assertTrue(e.getMessage().contains(part), e.getMessage());
        }
        assertFalse(e.getMessage().contains("\n"), e.getMessage());
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY})
    void generationEnds(float value) throws IOException {
        set(UP, value);
        try (Model model = Model.open(file)) {
            Generator generator = model.generator().prompt("The cow").maxTokens(3);
            BadInputException e = assertThrows(BadInputException.class, generator::generate);
            assertNames(
                    e,
                    "logits are not finite",
                    "tensor " + UP,
                    "found " + value + " in row 2, column 3",
                    "BF16 or F32");
            assertThrows(BadInputException.class, generator::generate);
            assertThrows(BadInputException.class, () -> model.logits(new int[] {1, 70, 71}));
        }
    }

    /** Finite weights whose products are not. */
    @Test
    void generationEndsWhereTheSumsOverflow() throws IOException {
        set("blk.1.attn_norm.weight", 3e38f);
        set("blk.0.attn_norm.weight", 3e38f);
        try (Model model = Model.open(file)) {
            BadInputException e = assertThrows(
                    BadInputException.class,
                    () -> model.generator().prompt("The cow").generate());
            assertNames(e, "logits are not finite", "beyond the range of numbers");
        }
    }

    @Test
    void importanceIsNotWritten() throws IOException {
        set(UP, Float.NaN);
        Path text = Files.writeString(folder.resolve("text.txt"), "The cow lives. ".repeat(20));
        List<String> before = names();
        try (Model model = Model.open(file)) {
            BadInputException e = assertThrows(BadInputException.class, () -> ImportanceCollector.on(model)
                    .write(text, folder.resolve("im.gguf")));
            assertNames(e, "tensor " + UP);
        }
        assertEquals(before, names());
    }

    private TrainingConfig steps(int n) {
        return TinyTraining.config().with(c -> c.maxSteps(n).saveSteps(1));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 20})
    void trainingEndsHoweverShort(int steps) throws IOException {
        set(UP, Float.NaN);
        Path out = folder.resolve("out");
        try (Model model = Model.open(file);
                TrainingRun run = Trainer.on(model)
                        .lora(TinyTraining.lora())
                        .config(steps(steps))
                        .examples(TinyTraining.counting(24, 7))
                        .output(out)
                        .start()) {
            BadInputException e = assertThrows(BadInputException.class, run::await);
            assertNames(
                    e,
                    "training ended at step " + Math.min(steps, 5) + " of " + steps,
                    "tensor " + UP,
                    "no checkpoint was saved and no adapter written");
        }
        assertFalse(Files.exists(out.resolve("adapter.gguf")));
    }

    /**
     * A weight is spoiled under the run, before its last step: what was saved before is named, and no result is
     * written.
     */
    @Test
    void aRunThatDivergesAtItsEndSaysWhatIsSaved() {
        Path out = folder.resolve("out");
        try (Model model = Model.open(file);
                TrainingRun run = Trainer.on(model)
                        .lora(TinyTraining.lora())
                        .config(steps(3))
                        .examples(TinyTraining.counting(24, 7))
                        .output(out)
                        .onProgress(progress -> {
                            if (progress.step() == 2) {
                                spoil();
                            }
                        })
                        .start()) {
            BadInputException e = assertThrows(BadInputException.class, run::await);
            assertNames(
                    e,
                    "training ended at step 3 of 3: the loss of the last step is NaN",
                    "the checkpoint of step 2 in " + out
                            + " is saved and has an adapter in it, later steps are lost; no other was written");
        }
        assertFalse(Files.exists(out.resolve("adapter.gguf")));
        assertTrue(Files.exists(out.resolve("checkpoint-00000002/adapter.gguf")));
    }

    private void spoil() {
        try {
            set(UP, Float.NaN);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** What hours of training made is written all the same, in a format that holds it. */
    @Test
    void aTrainedWeightThatIsTooLargeForTheFormatIsWrittenWider() throws IOException {
        set(UP, 1e5f);
        try (Model model = Model.open(file);
                TrainingRun run = Trainer.on(model)
                        .full(GgmlType.F16)
                        .config(TinyTraining.config().with(c -> c.maxSteps(1).learningRate(1e-6)))
                        .examples(TinyTraining.counting(24, 7))
                        .output(folder.resolve("out"))
                        .start()) {
            GgufFile written = GgufFile.read(run.awaitFile());
            assertEquals(GgmlType.F32, written.requireTensor(UP).type());
            assertEquals(
                    GgmlType.F16, written.requireTensor("blk.0.ffn_up.weight").type());
            assertEquals(
                    1e5f,
                    written.readTensor(written.requireTensor(UP))
                            .asFloatBuffer()
                            .get(2 * 64 + 3),
                    1);
        }
    }

    @Test
    void quantizingNamesWhatTheFormatCannotHold() throws IOException {
        set(UP, 1e5f);
        List<String> before = names();
        for (WeightFormat format :
                new WeightFormat[] {WeightFormat.F16, WeightFormat.Q8_0, WeightFormat.Q4_0, WeightFormat.Q4_K_M}) {
            BadInputException e = assertThrows(
                    BadInputException.class, () -> Quantizer.of(file, format).write(folder.resolve("out.gguf")));
            assertNames(e, file + ": tensor " + UP, "found 100000.0 in row 2, column 3", "choose BF16 or F32");
        }
        assertEquals(before, names());
        Quantizer.of(file, WeightFormat.BF16).write(folder.resolve("bf16.gguf"));
        Quantizer.of(file, WeightFormat.F16)
                .tensorType(Pattern.compile("1.ffn_up"), GgmlType.BF16)
                .write(folder.resolve("f16.gguf"));
    }

    /** Tensors that keep their format are copied, and looked at all the same. */
    @ParameterizedTest
    @ValueSource(strings = {UP, "output_norm.weight"})
    void quantizingNamesWhatIsNoNumber(String tensor) throws IOException {
        set(tensor, Float.NaN);
        for (WeightFormat format : new WeightFormat[] {WeightFormat.F32, WeightFormat.Q8_0}) {
            BadInputException e = assertThrows(
                    BadInputException.class, () -> Quantizer.of(file, format).write(folder.resolve("out.gguf")));
            assertNames(e, file + ": tensor " + tensor + ": expected finite values, found NaN");
        }
        assertFalse(Files.exists(folder.resolve("out.gguf")));
    }
}
