package dev.chaku;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgufFile;
import dev.chaku.internal.arch.FormatMix;
import dev.chaku.internal.engine.SavedWeight;
import dev.chaku.internal.huggingface.Safetensors;
import dev.chaku.train.LoraConfig;
import dev.chaku.train.LoraTarget;
import dev.chaku.train.LoraVariant;
import dev.chaku.train.MergeAware;
import dev.chaku.train.SavedModule;
import dev.chaku.train.TrainingConfig;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Embedding and output projection that are trained whole beside LoRA, worn, merged and exchanged with PEFT. */
class SavedModulesTest {
    private static final SavedModule[] BOTH = SavedModule.values();

    @TempDir
    Path folder;

    private Path base(boolean tied, FormatMix mix) throws IOException {
        return TinyModel.write(folder.resolve("base.gguf"), tied ? TinyModel.llama() : TinyModel.qwen2(), mix, 1);
    }

    private static Model open(Path file) {
        return Model.open(file, Float32Device.options());
    }

    private static LoraConfig saving(SavedModule... modules) {
        return LoraConfig.rank(4).withTargets(LoraTarget.allLinear()).withSaved(modules);
    }

    private static TrainingConfig config() {
        return TinyTraining.config().with(c -> c.learningRate(0.01).weightDecay(0.01));
    }

    private Trainer trainer(Model model, String out, LoraConfig lora, TrainingConfig config) {
        return TinyTraining.trainer(model, lora, config, folder.resolve(out));
    }

    private static double loss(Model model, Adapter adapter) {
        Scorer scorer = model.scorer();
        return (adapter == null ? scorer : scorer.adapter(adapter))
                .loss(TinyTraining.counting(8, 9))
                .loss();
    }

    /** What the training saw is what a text sees that wears the adapter, and what the merged model is. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void isWornAndMergedAsItWasTrained(boolean tied) throws IOException {
        Path file = base(tied, FormatMix.F32);
        Path merged = folder.resolve("merged.gguf");
        Path ofPeft = folder.resolve("of-peft.gguf");
        try (Model model = open(file)) {
            double before = loss(model, null);
            double trained;
            try (TrainingRun run = trainer(model, "run", saving(BOTH), config()).start();
                    Adapter adapter = run.await()) {
                trained = run.awaitProgress().evalLoss().orElseThrow();
                assertTrue(trained < before - 0.05, trained + " after " + before);
                assertEquals(EnumSet.allOf(SavedModule.class), adapter.saved());
                assertEquals(trained, loss(model, adapter), 2e-5);
                assertEquals(before, loss(model, null), 0);
                BaseMerger.into(file).add(adapter, 1).write(merged);
                adapter.savePeft(folder.resolve("peft"), model);
                assertThrows(
                        BadInputException.class,
                        () -> model.scorer().adapter(adapter, 0.5).loss(TinyTraining.counting(1, 1)));
                try (Adapter back = Adapter.read(folder.resolve("peft"), AdapterBase.of(model))) {
                    assertEquals(trained, loss(model, back), 2e-5);
                    assertEquals(tied, SavedWeight.isOne(back.weights().saved()));
                    back.save(folder.resolve("back.gguf"));
                }
            }
            try (Adapter loaded = Adapter.load(folder.resolve("run"));
                    Adapter back = Adapter.load(folder.resolve("back.gguf"))) {
                assertEquals(trained, loss(model, loaded), 2e-5);
                assertEquals(loaded.saved(), back.saved());
                for (int i = 0; i < loaded.weights().saved().size(); i++) {
                    assertArrayEquals(
                            loaded.weights().saved().get(i).values(),
                            back.weights().saved().get(i).values());
                }
                AdapterInspection told = AdapterInspection.of(folder.resolve("run"));
                assertTrue(told.isLora());
                assertEquals(
                        List.of("token_embd", "output"),
                        told.saved().stream().map(AdapterSavedWeight::name).toList());
            }
            BaseMerger.into(file).add(folder.resolve("peft")).write(ofPeft);
            for (Path one : List.of(merged, ofPeft)) {
                assertEquals(
                        tied, GgufFile.read(one).findTensor("output.weight").isEmpty());
                try (Model whole = open(one)) {
                    assertEquals(trained, loss(whole, null), 2e-5);
                }
            }
        }
    }

    /** Merged into blocks, what was trained whole has the base's format. */
    @Test
    void isQuantizedAsTheBaseWhereItIsMerged() throws IOException {
        Path file = base(false, FormatMix.Q8_0);
        Path merged = folder.resolve("merged.gguf");
        try (Model model = open(file);
                TrainingRun run = trainer(model, "run", saving(BOTH), config()).start();
                Adapter adapter = run.await()) {
            double trained = run.awaitProgress().evalLoss().orElseThrow();
            BaseMerger.into(file).add(adapter, 1).write(merged);
            GgufFile whole = GgufFile.read(merged);
            for (String name : List.of("token_embd.weight", "output.weight")) {
                assertEquals(
                        GgufFile.read(file).requireTensor(name).type(),
                        whole.requireTensor(name).type());
            }
            try (Model opened = open(merged)) {
                assertEquals(trained, loss(opened, null), 0.05);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void endsWithTheSameBitsAfterAKill(boolean tied) throws IOException {
        TrainingConfig often = config().with(c -> c.saveSteps(1).keepCheckpoints(1));
        Path live = folder.resolve("live");
        byte[] whole;
        try (Model model = open(base(tied, FormatMix.Q8_0))) {
            try (TrainingRun run = trainer(model, "live", saving(BOTH), often)
                    .onProgress(p -> TinyTraining.copyAt(7, p, live, folder.resolve("killed")))
                    .start()) {
                run.await().close();
                whole = weights("live");
            }
            String refusal = assertThrows(BadInputException.class, () -> trainer(model, "killed", saving(), often)
                            .resume(true)
                            .start())
                    .getMessage();
            assertTrue(refusal.contains("modules_to_save"), refusal);
            try (TrainingRun run =
                    trainer(model, "killed", saving(BOTH), often).resume(true).start()) {
                assertEquals(6, run.beginning().step());
                run.await().close();
                assertArrayEquals(whole, weights("killed"));
            }
        }
    }

    /** Of all tensors; the rest of a file has times in it. */
    private byte[] weights(String run) throws IOException {
        GgufFile file = GgufFile.read(folder.resolve(run).resolve(Adapter.FILE_NAME));
        byte[] bytes = Files.readAllBytes(file.path());
        long tensors =
                file.tensors().stream().mapToLong(tensor -> tensor.bytes()).sum();
        return Arrays.copyOfRange(bytes, (int) (bytes.length - tensors), bytes.length);
    }

    /** DoRA's folder has both, lengths and whole weights. */
    @Test
    void isBesideDora() throws IOException {
        Path file = base(true, FormatMix.F32);
        Path merged = folder.resolve("merged.gguf");
        double trained;
        Path result;
        try (Model model = open(file);
                TrainingRun run = trainer(model, "dora", saving(BOTH).withVariant(LoraVariant.DORA), config())
                        .start()) {
            result = run.awaitFile();
            trained = run.awaitProgress().evalLoss().orElseThrow();
        }
        BaseMerger.into(file).add(result).write(merged);
        assertTrue(GgufFile.read(merged).findTensor("output.weight").isEmpty());
        try (Model whole = open(merged)) {
            assertEquals(trained, loss(whole, null), 2e-5);
        }
        Safetensors read = Safetensors.read(result.resolve("adapter_model.safetensors"));
        assertTrue(read.tensors()
                .keySet()
                .containsAll(Set.of("base_model.model.model.embed_tokens.weight", "base_model.model.lm_head.weight")));
        String config = Files.readString(result.resolve("adapter_config.json"));
        assertTrue(config.replaceAll("\\s", "").contains("\"modules_to_save\":[\"embed_tokens\",\"lm_head\"]"), config);
    }

    /** A training that goes on begins with what was saved. */
    @Test
    void goesOnFromWhatWasSaved() throws IOException {
        try (Model model = open(base(true, FormatMix.F32))) {
            double trained;
            try (TrainingRun run =
                    trainer(model, "first", saving(BOTH), config()).start()) {
                run.await().close();
                trained = run.awaitProgress().evalLoss().orElseThrow();
            }
            TrainingConfig still = config().with(c -> c.learningRate(1e-12).maxSteps(1));
            try (Adapter adapter = Adapter.load(folder.resolve("first"))) {
                LoraConfig lora = adapter.lora(model);
                assertFalse(lora.saved().isEmpty());
                try (TrainingRun run =
                        trainer(model, "second", lora, still).from(adapter).start()) {
                    run.await().close();
                    assertEquals(trained, run.awaitProgress().evalLoss().orElseThrow(), 2e-5);
                }
                String message = assertThrows(
                                BadInputException.class, () -> trainer(model, "third", lora.withSaved(), still)
                                        .from(adapter)
                                        .start()
                                        .await())
                        .getMessage();
                assertTrue(message.contains("modules to save"), message);
            }
        }
    }

    /** An embedding of another tool alone leaves the output projection of a tied base as it is. */
    @Test
    void anImportedEmbeddingIsOneEndAlone() throws IOException {
        Path file = base(true, FormatMix.F32);
        try (Model model = open(file)) {
            Path peft = folder.resolve("peft");
            try (TrainingRun run = trainer(model, "run", saving(BOTH), config()).start();
                    Adapter adapter = run.await()) {
                adapter.savePeft(peft, model);
            }
            Path tensors = peft.resolve("adapter_model.safetensors");
            Safetensors all = Safetensors.read(tensors);
            List<Safetensors.Source> left = all.tensors().keySet().stream()
                    .filter(name -> !name.contains("lm_head"))
                    .map(name -> new Safetensors.Source(
                            name, all.tensors().get(name).shape(), FloatBuffer.wrap(all.floats(name))))
                    .toList();
            Files.delete(tensors);
            Safetensors.write(tensors, Map.of("format", "pt"), left);
            Path merged = folder.resolve("merged.gguf");
            BaseMerger.into(file).add(peft).write(merged);
            try (Adapter adapter = Adapter.read(peft, AdapterBase.of(model));
                    Model whole = open(merged)) {
                assertEquals(Set.of(SavedModule.TOKEN_EMBEDDINGS), adapter.saved());
                assertEquals(loss(whole, null), loss(model, adapter), 2e-5);
                String message = assertThrows(BadInputException.class, () -> adapter.lora(model))
                        .getMessage();
                assertTrue(message.contains("token_embd alone"), message);
            }
        }
    }

    @Test
    void whatCannotBeSavedIsRefusedByName() throws IOException {
        assertEquals(
                EnumSet.allOf(SavedModule.class), SavedModule.parse(List.of("model.embed_tokens", "lm_head.weight")));
        refused("did you mean token_embd?", () -> SavedModule.parse(List.of("token_embed")));
        refused("did you mean output?", () -> SavedModule.parse(List.of("output_layer")));
        refused("adapted by targets", () -> SavedModule.parse(List.of("q_proj")));
        refused("none with method pissa", () -> saving(BOTH).withVariant(LoraVariant.PISSA));
        refused("none with merge aware q8_0", () -> saving(BOTH).withMergeAware(MergeAware.of("q8_0")));
        try (Model model = open(base(true, FormatMix.F32))) {
            refused("it has no output.weight", () -> trainer(model, "a", saving(SavedModule.OUTPUT), config())
                    .plan());
            LoraConfig output = saving(SavedModule.TOKEN_EMBEDDINGS).withTargets(Set.of(LoraTarget.OUTPUT));
            refused("targets: expected products", () -> trainer(model, "b", output, config())
                    .plan());
            long plain = trainer(model, "c", saving(), config()).plan().memory().parameters();
            long saved =
                    trainer(model, "c", saving(BOTH), config()).plan().memory().parameters();
            assertTrue(saved - plain >= 2L * Float.BYTES * TinyModel.VOCAB * 64, saved + " after " + plain);
        }
    }

    private static void refused(String part, Runnable work) {
        String message = assertThrows(BadInputException.class, work::run).getMessage();
        assertTrue(message.contains(part), message);
    }
}
