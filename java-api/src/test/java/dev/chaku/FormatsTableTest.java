package dev.chaku;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.gguf.GgmlType;
import dev.chaku.gguf.GgufWriter;
import dev.chaku.internal.arch.DenseShape;
import dev.chaku.internal.arch.FormatMix;
import dev.chaku.internal.engine.RopeSpec;
import dev.chaku.internal.engine.TensorSpec;
import dev.chaku.internal.engine.lookup.Engines;
import dev.chaku.internal.io.DirectBuffers;
import dev.chaku.train.LoraConfig;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** The table of formats in docs says what the code does. */
class FormatsTableTest {
    private static final Path PAGE = Path.of("..", "docs", "model-files.md");

    @TempDir
    Path folder;

    private record Row(boolean read, boolean write, boolean train) {}

    private static Map<GgmlType, Row> table() throws IOException {
        List<String> lines = Files.readAllLines(PAGE);
        Map<GgmlType, Row> rows = new TreeMap<>();
        for (int i = lines.indexOf("| format | read | write | train |") + 2;
                lines.get(i).startsWith("|");
                i++) {
            String[] cells = lines.get(i).split("\\|");
            for (String name : cells[1].split(",")) {
                rows.put(GgmlType.valueOf(name.strip()), new Row(yes(cells[2]), yes(cells[3]), yes(cells[4])));
            }
        }
        return rows;
    }

    private static boolean yes(String cell) {
        assertTrue(cell.strip().matches("yes|no"), cell);
        return cell.strip().equals("yes");
    }

    @Test
    void listsEveryFormatThatIsReadAndThoseThatAreWritten() throws IOException {
        Map<GgmlType, Row> expected = new TreeMap<>();
        for (GgmlType type : GgmlType.values()) {
            Engines.codec()
                    .describe(type)
                    .ifPresent(format -> expected.put(type, new Row(true, format.canQuantize(), true)));
        }
        assertEquals(expected, table());
    }

    /**
     * One step over a base whose layers are in the format. Formats that are not written are zeros: each decodes to
     * zero.
     */
    @TestFactory
    List<DynamicTest> trains() throws IOException {
        return table().entrySet().stream()
                .filter(entry -> entry.getValue().train())
                .map(entry -> DynamicTest.dynamicTest(entry.getKey().name(), () -> trainOn(entry.getKey())))
                .collect(Collectors.toList());
    }

    private void trainOn(GgmlType type) throws Exception {
        DenseShape shape = new DenseShape(
                "llama",
                RopeSpec.Pairing.ADJACENT,
                1,
                256,
                4,
                2,
                64,
                256,
                TinyModel.VOCAB,
                TinyModel.CONTEXT,
                1e4,
                true,
                false,
                false);
        Path file = folder.resolve(type + ".gguf");
        GgufWriter writer = GgufWriter.to(file);
        TinyModel.metadata(writer, shape);
        Random random = new Random(1);
        for (TensorSpec tensor : shape.spec(FormatMix.F32).tensors()) {
            boolean inLayer = tensor.place().layer() >= 0 && tensor.rows() > 1;
            TensorSpec wanted = new TensorSpec(
                    tensor.place(), tensor.kind(), inLayer ? type : GgmlType.F32, tensor.rows(), tensor.columns());
            if (Engines.codec().describe(wanted.type()).orElseThrow().canQuantize()) {
                TinyModel.addRandom(writer, wanted, random);
            } else {
                ByteBuffer zeros = DirectBuffers.bytes(Math.toIntExact(wanted.bytes()));
                writer.tensor(wanted.name(), type, new long[] {wanted.columns(), wanted.rows()}, zeros);
            }
        }
        writer.write();
        try (Model base = Model.open(file);
                TrainingRun run = Trainer.on(base)
                        .lora(LoraConfig.rank(2))
                        .config(TinyTraining.config().with(c -> c.maxSteps(1)))
                        .examples(TinyTraining.counting(8, 1))
                        .output(folder.resolve(type + "-run"))
                        .start()) {
            Adapter adapter = run.await();
            boolean moved = adapter.weights().pairs().stream().anyMatch(pair -> {
                float sum = 0;
                for (float b : pair.b()) {
                    assertTrue(Float.isFinite(b));
                    sum += Math.abs(b);
                }
                return sum > 0;
            });
            assertTrue(
                    moved || !Engines.codec().describe(type).orElseThrow().canQuantize(), "one step moves the adapter");
            assertTrue(Float.isFinite(base.logits(new int[] {1, 5})[1][7]));
        }
    }
}
