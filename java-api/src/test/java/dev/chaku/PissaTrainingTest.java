package dev.chaku;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgufFile;
import dev.chaku.internal.arch.FormatMix;
import dev.chaku.internal.engine.LoraPair;
import dev.chaku.train.LoraConfig;
import dev.chaku.train.LoraTarget;
import dev.chaku.train.LoraVariant;
import dev.chaku.train.Loss;
import dev.chaku.train.MergeAware;
import dev.chaku.train.Preparation;
import dev.chaku.train.ProductRules;
import dev.chaku.train.TrainingConfig;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Trainings that begin with the leading singular vectors of the weights. */
class PissaTrainingTest {
    @TempDir
    Path folder;

    private Path file;
    private Model base;

    @BeforeEach
    void openBase() {
        file = TinyModel.write(folder.resolve("base.gguf"), TinyModel.llama(), FormatMix.F32, 1);
        base = Model.open(file, Float32Device.options());
    }

    @AfterEach
    void closeBase() {
        base.close();
    }

    private static LoraConfig pissa() {
        return LoraConfig.rank(4)
                .withTargets(LoraTarget.allLinear())
                .withVariant(LoraVariant.PISSA)
                .withRules(ProductRules.NONE.withRanks(Map.of("attn_k", 2)));
    }

    private Trainer trainer(String out, LoraConfig lora, TrainingConfig config) {
        return trainer(base, out, lora, config);
    }

    private Trainer trainer(Model model, String out, LoraConfig lora, TrainingConfig config) {
        return TinyTraining.trainer(model, lora, config, folder.resolve(out));
    }

    private static TrainingConfig config() {
        return TinyTraining.config().with(c -> c.learningRate(0.01));
    }

    /** The first step sees the base, and the adapter of twice the rank is what was trained. */
    @Test
    void beginsAsTheBaseAndEndsAsAnAdapterOfTwiceTheRank() {
        List<Double> losses = new ArrayList<>();
        for (LoraVariant variant : List.of(LoraVariant.LORA, LoraVariant.PISSA)) {
            try (TrainingRun run = trainer(
                            "first-" + variant, pissa().withVariant(variant), config().with(c -> c.maxSteps(1)))
                    .onProgress(p -> losses.add(p.loss()))
                    .start()) {
                run.await().close();
            }
        }
        assertEquals(losses.get(0), losses.get(1), 1e-4);
        double before = base.scorer().loss(TinyTraining.counting(8, 9)).loss();
        List<Preparation> told = new ArrayList<>();
        try (TrainingRun run = trainer("pissa", pissa(), config())
                        .onPreparation(told::add)
                        .start();
                Adapter adapter = run.await()) {
            double trained = run.awaitProgress().evalLoss().orElseThrow();
            assertTrue(trained < before - 0.05, trained + " after " + before);
            assertEquals(
                    trained,
                    base.scorer()
                            .adapter(adapter)
                            .loss(TinyTraining.counting(8, 9))
                            .loss(),
                    2e-5);
            for (LoraPair pair : adapter.weights().pairs()) {
                assertEquals(
                        pair.place().name().endsWith("attn_k") ? 4 : 8,
                        pair.rank(),
                        pair.place().name());
            }
        }
        Preparation last = told.get(told.size() - 1);
        assertTrue(told.size() > 2 && last.done() == last.total() && last.total() == 14, last.toString());
        assertEquals("decomposing weights", last.what());
    }

    /** What is subtracted is the leading part of the weight: what is left has nothing along its vectors. */
    @Test
    void subtractsTheLeadingPartOfTheWeight() {
        try (TrainingRun run = trainer("one", pissa(), config().with(c -> c.maxSteps(1)))
                        .start();
                Adapter adapter = run.await()) {
            LoraPair pair = adapter.weights().pairs().stream()
                    .filter(p -> p.place().name().equals("blk.1.ffn_down"))
                    .findFirst()
                    .orElseThrow();
            float[] w = weight("blk.1.ffn_down.weight", pair.outputs() * pair.inputs());
            double scale = adapter.weights().alpha() / pair.rank();
            int k = pair.inputs();
            double ofWeight = 0;
            double ofRest = 0;
            double[] along = new double[4];
            for (int n = 0; n < pair.outputs(); n++) {
                double[] rest = new double[k];
                for (int c = 0; c < k; c++) {
                    rest[c] = w[n * k + c];
                    ofWeight += rest[c] * rest[c];
                    for (int r = 4; r < 8; r++) {
                        rest[c] += scale * pair.b()[n * 8 + r] * pair.a()[r * k + c];
                    }
                    ofRest += rest[c] * rest[c];
                }
                for (int r = 4; r < 8; r++) {
                    double dot = 0;
                    for (int c = 0; c < k; c++) {
                        dot += rest[c] * pair.a()[r * k + c];
                    }
                    along[r - 4] += dot * dot;
                }
            }
            for (double square : along) {
                assertTrue(Math.sqrt(square) < 1e-3 * Math.sqrt(ofWeight), "what is left along A0: " + square);
            }
            // Four of 64 directions of a random matrix hold more than their share.
            assertTrue(ofRest < ofWeight * (1 - 1.5 * 4 / Math.min(k, pair.outputs())), ofRest + " of " + ofWeight);
        }
    }

    private float[] weight(String name, int n) {
        GgufFile read = GgufFile.read(file);
        float[] values = new float[n];
        read.readTensor(read.requireTensor(name))
                .order(ByteOrder.LITTLE_ENDIAN)
                .asFloatBuffer()
                .get(values);
        return values;
    }

    @Test
    void endsWithTheSameBitsAfterAKillAndWithAnyThreads() throws IOException {
        TrainingConfig saving = config().with(c -> c.saveSteps(1).keepCheckpoints(1));
        LoraConfig lora = pissa().withDropout(0.1);
        byte[] whole;
        Path live = folder.resolve("live");
        try (TrainingRun run = trainer("live", lora, saving)
                .onProgress(p -> TinyTraining.copyAt(7, p, live, folder.resolve("killed")))
                .start()) {
            whole = Files.readAllBytes(run.awaitFile());
        }
        String refusal = assertThrows(
                        BadInputException.class, () -> trainer("killed", lora.withVariant(LoraVariant.LORA), saving)
                                .resume(true)
                                .start())
                .getMessage();
        assertTrue(refusal.contains("mode: expected pissa"), refusal);
        List<Preparation> told = new ArrayList<>();
        try (TrainingRun run = trainer("killed", lora, saving)
                .resume(true)
                .onPreparation(told::add)
                .start()) {
            assertEquals(6, run.beginning().step());
            assertArrayEquals(whole, Files.readAllBytes(run.awaitFile()));
        }
        assertTrue(told.isEmpty(), "what it began with is in the checkpoint");
        try (Model one = Model.open(file, Float32Device.options().withThreads(1));
                TrainingRun run = trainer(one, "one", lora, saving).start()) {
            assertArrayEquals(whole, Files.readAllBytes(run.awaitFile()));
        }
    }

    @Test
    void isMergedAndGoesOnAsLora() {
        Path result;
        double trained;
        try (TrainingRun run = trainer("pissa", pissa(), config()).start()) {
            result = run.awaitFile();
            trained = run.awaitProgress().evalLoss().orElseThrow();
        }
        Path merged = folder.resolve("merged.gguf");
        try (Adapter adapter = Adapter.load(result)) {
            BaseMerger.into(file).add(adapter, 1).write(merged);
        }
        try (Model model = Model.open(merged, Float32Device.options())) {
            assertEquals(
                    trained, model.scorer().loss(TinyTraining.counting(8, 9)).loss(), 2e-5);
        }
        try (Adapter start = Adapter.load(result)) {
            LoraConfig on = start.lora(base);
            assertEquals(8, on.rank());
            try (TrainingRun run = trainer("on", on, config()).from(start).start()) {
                run.await().close();
                assertTrue(run.awaitProgress().evalLoss().orElseThrow() < trained);
            }
            String refusal = assertThrows(
                            BadInputException.class,
                            () -> trainer("no", pissa(), config()).from(start).plan())
                    .getMessage();
            assertTrue(refusal.contains("found pissa"), refusal);
        }
    }

    /** The reference of preferences is the base, which the first step sees, too: a pair's loss is log 2. */
    @Test
    void preferencesBeginAtTheBase() {
        List<Double> losses = new ArrayList<>();
        List<Preparation> told = new ArrayList<>();
        TrainingConfig dpo =
                config().with(c -> c.maxSteps(6).learningRate(0.003).loss(Loss.Dpo.defaults()));
        try (TrainingRun run = trainer("dpo", pissa(), dpo)
                .onProgress(p -> losses.add(p.loss()))
                .onPreparation(told::add)
                .start()) {
            run.await().close();
        }
        assertEquals(Math.log(2), losses.get(0), 1e-4);
        assertTrue(losses.get(5) < Math.log(2) - 0.01, losses.toString());
        assertEquals("scoring the reference", told.get(0).what());
    }

    @Test
    void memoryIsPlannedAndAMergeRefused() {
        LoraConfig lora = pissa().withVariant(LoraVariant.LORA);
        long with = trainer("a", pissa(), config()).plan().memory().parameters();
        long without = trainer("b", lora, config()).plan().memory().parameters();
        assertNotEquals(with, without);
        assertTrue(with > 2.2 * without, with + " and " + without);
        String message = assertThrows(BadInputException.class, () -> pissa().withMergeAware(MergeAware.of("q8_0")))
                .getMessage();
        assertTrue(message.contains("none with method pissa"), message);
    }

    /** The tied output projection, whose weight is that of the embeddings. */
    @Test
    void theOutputProjectionHasOneToo() {
        LoraConfig lora = pissa().withRules(ProductRules.NONE).withTargets(Set.of(LoraTarget.OUTPUT));
        try (TrainingRun run = trainer("output", lora, config()).start();
                Adapter adapter = run.await()) {
            assertEquals(8, adapter.weights().pairs().get(0).rank());
            assertEquals(
                    run.awaitProgress().evalLoss().orElseThrow(),
                    base.scorer()
                            .adapter(adapter)
                            .loss(TinyTraining.counting(8, 9))
                            .loss(),
                    2e-5);
        }
    }
}
