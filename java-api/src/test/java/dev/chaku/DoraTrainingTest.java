package dev.chaku;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import dev.chaku.internal.arch.FormatMix;
import dev.chaku.internal.huggingface.Safetensors;
import dev.chaku.train.LoraConfig;
import dev.chaku.train.LoraTarget;
import dev.chaku.train.LoraVariant;
import dev.chaku.train.ProductRules;
import dev.chaku.train.TrainingConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Trainings of DoRA, and NEFTune's noise. */
class DoraTrainingTest {
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

    private static LoraConfig dora() {
        return LoraConfig.rank(4)
                .withDropout(0.1)
                .withTargets(LoraTarget.allLinear())
                .withVariant(LoraVariant.DORA)
                .withRules(ProductRules.NONE.withRanks(Map.of("attn_k", 2)));
    }

    private Trainer trainer(String out, LoraConfig lora, TrainingConfig config) {
        return TinyTraining.trainer(base, lora, config, folder.resolve(out));
    }

    private static TrainingConfig config() {
        return TinyTraining.config().with(c -> c.learningRate(0.02));
    }

    /** What the training saw is what the merged model says: each row has the length that was learned for it. */
    @Test
    void theMergedModelIsWhatWasTrained() {
        double before;
        double trained;
        Path result;
        try (TrainingRun run = trainer("dora", dora(), config()).start()) {
            result = run.awaitFile();
            trained = run.awaitProgress().evalLoss().orElseThrow();
        }
        assertEquals(folder.resolve("dora/peft"), result);
        before = base.scorer().loss(TinyTraining.counting(8, 9)).loss();
        assertTrue(trained < before - 0.05, trained + " after " + before);
        Path merged = folder.resolve("merged.gguf");
        BaseMerger.into(file).add(result).write(merged);
        try (Model model = Model.open(merged, Float32Device.options())) {
            assertEquals(
                    trained, model.scorer().loss(TinyTraining.counting(8, 9)).loss(), 2e-5);
        }
        String refusal = assertThrows(BadInputException.class, () -> Adapter.read(result, AdapterBase.of(base)))
                .getMessage();
        assertTrue(refusal.contains("use_dora") && refusal.contains("export it merged"), refusal);
    }

    private static byte[] weights(Path result) throws IOException {
        return Files.readAllBytes(result.resolve("adapter_model.safetensors"));
    }

    @Test
    void endsWithTheSameBitsAfterAKill() throws IOException {
        TrainingConfig noisy = config().with(c -> c.neftune(5).saveSteps(1).keepCheckpoints(1));
        byte[] whole;
        Path live = folder.resolve("live");
        try (TrainingRun run = trainer("live", dora(), noisy)
                .onProgress(p -> TinyTraining.copyAt(7, p, live, folder.resolve("killed")))
                .start()) {
            whole = weights(run.awaitFile());
        }
        String refusal = assertThrows(
                        BadInputException.class, () -> trainer("killed", dora().withVariant(LoraVariant.LORA), noisy)
                                .resume(true)
                                .start())
                .getMessage();
        assertTrue(refusal.contains("mode: expected dora"), refusal);
        String quiet = assertThrows(
                        BadInputException.class, () -> trainer("killed", dora(), noisy.with(c -> c.neftune(0)))
                                .resume(true)
                                .start())
                .getMessage();
        assertTrue(quiet.contains("neftune: expected 5"), quiet);
        try (TrainingRun run = trainer("killed", dora(), noisy).resume(true).start()) {
            assertEquals(6, run.beginning().step());
            assertArrayEquals(whole, weights(run.awaitFile()));
        }
        try (TrainingRun run =
                trainer("silent", dora(), noisy.with(c -> c.neftune(0))).start()) {
            assertTrue(!java.util.Arrays.equals(whole, weights(run.awaitFile())));
        }
        Safetensors read = Safetensors.read(folder.resolve("killed/peft/adapter_model.safetensors"));
        assertTrue(
                read.tensors().containsKey("base_model.model.model.layers.0.self_attn.q_proj.lora_magnitude_vector"));
    }

    @Test
    void whatHasNoRowsOfItsOwnIsRefused() {
        for (LoraTarget target : List.of(LoraTarget.OUTPUT)) {
            LoraConfig lora = dora().withRules(ProductRules.NONE).withTargets(java.util.Set.of(LoraTarget.Q, target));
            String message = assertThrows(BadInputException.class, () -> trainer("refused", lora, config())
                            .plan())
                    .getMessage();
            assertTrue(message.contains("method dora"), message);
        }
        assertThrows(BadInputException.class, () -> dora().withMergeAware(dev.chaku.train.MergeAware.of("q8_0")));
        assertThrows(BadInputException.class, () -> config().with(c -> c.neftune(-1)));
    }
}
