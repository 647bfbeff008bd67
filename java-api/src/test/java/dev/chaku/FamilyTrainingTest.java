package dev.chaku;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.data.EncodedExample;
import dev.chaku.gguf.GgmlType;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufTensor;
import dev.chaku.internal.engine.EngineText;
import dev.chaku.train.LoraConfig;
import dev.chaku.train.LoraTarget;
import dev.chaku.train.TrainingConfig;
import dev.chaku.train.TrainingProgress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Short trainings of a small model of every family: what is learned is what the files say afterwards. */
class FamilyTrainingTest {
    @TempDir
    Path folder;

    /** A float model of each family. */
    private static Stream<FamilyModels.Entry> models() {
        Map<String, FamilyModels.Entry> byFamily = new LinkedHashMap<>();
        FamilyModels.all().stream()
                .filter(FamilyModels.Entry::isFloat)
                .forEach(entry -> byFamily.putIfAbsent(entry.architecture(), entry));
        return byFamily.values().stream();
    }

    @TestFactory
    Stream<DynamicTest> adaptersLearnAndTheirFilesSayTheSame() {
        return models().map(entry -> DynamicTest.dynamicTest(entry.architecture(), () -> trainAdapter(entry)));
    }

    @TestFactory
    Stream<DynamicTest> wholeModelsLearnAndTheirFilesOpen() {
        return models().map(entry -> DynamicTest.dynamicTest(entry.architecture(), () -> trainWhole(entry)));
    }

    private void trainAdapter(FamilyModels.Entry entry) {
        List<TrainingProgress> seen = new ArrayList<>();
        try (Model model = Model.open(entry.file(), Float32Device.options());
                TrainingRun run =
                        trainer(model, entry, 0.02).onProgress(seen::add).start()) {
            Adapter adapter = run.await();
            TrainingProgress last = run.awaitProgress();
            assertTrue(last.loss() < 0.95 * seen.get(0).loss(), seen.get(0).loss() + " to " + last.loss());
            EncodedExample held = counting(1, 9, model.vocabSize()).get(0);
            assertEquals(last.evalLoss().orElseThrow(), loss(model, held, List.of(adapter)), 1e-4);
        }
    }

    private void trainWhole(FamilyModels.Entry entry) {
        try (Model model = Model.open(entry.file(), Float32Device.options())) {
            EncodedExample held = counting(1, 9, model.vocabSize()).get(0);
            List<TrainingProgress> seen = new ArrayList<>();
            TrainingProgress last;
            try (TrainingRun run = trainer(model, entry, 0.01)
                    .full(GgmlType.F32)
                    .onProgress(seen::add)
                    .start()) {
                run.awaitFile();
                last = run.awaitProgress();
            }
            // Of what is trained on: a text held out may well get worse in eight steps.
            assertTrue(last.loss() < 0.95 * seen.get(0).loss(), seen.get(0).loss() + " to " + last.loss());
            Path file = folder.resolve(entry.architecture()).resolve("model.gguf");
            assertEquals(shapes(entry.file()), shapes(file));
            try (Model trained = Model.open(file, Float32Device.options())) {
                assertEquals(last.evalLoss().orElseThrow(), loss(trained, held, List.of()), 1e-4);
            }
        }
    }

    /** Adapters of tensors that several products share are files of those tensors, as llama.cpp has them. */
    @Test
    void sharedTensorsHaveOnePairInAFile() {
        ReferenceData.require(FamilyModels.FOLDER);
        FamilyModels.Entry phi3 = FamilyModels.all().stream()
                .filter(e -> e.name().equals("phi3"))
                .findFirst()
                .orElseThrow();
        try (Model model = Model.open(phi3.file(), Float32Device.options());
                TrainingRun run = trainer(model, phi3, 0.02).start()) {
            run.await();
            GgufFile file = GgufFile.read(run.awaitFile());
            assertEquals(List.of(64L, 12L), dims(file, "blk.0.attn_qkv.weight.lora_a"));
            assertEquals(List.of(12L, 128L), dims(file, "blk.0.attn_qkv.weight.lora_b"));
            assertEquals(List.of(8L, 160L), dims(file, "blk.1.ffn_up.weight.lora_b"));
            assertTrue(file.findTensor("blk.0.attn_q.weight.lora_a").isEmpty());
            assertTrue(file.findTensor("blk.0.ffn_gate.weight.lora_a").isEmpty());
        }
    }

    private static List<Long> dims(GgufFile file, String tensor) {
        return Arrays.stream(file.requireTensor(tensor).dims()).boxed().toList();
    }

    private static Map<String, List<Long>> shapes(Path path) {
        GgufFile file = GgufFile.read(path);
        Map<String, List<Long>> shapes = new LinkedHashMap<>();
        for (GgufTensor tensor : file.tensors()) {
            shapes.put(tensor.name(), dims(file, tensor.name()));
        }
        return shapes;
    }

    private Trainer trainer(Model model, FamilyModels.Entry entry, double rate) {
        TrainingConfig config =
                TinyTraining.config().with(c -> c.learningRate(rate).maxSteps(8));
        return Trainer.on(model)
                .lora(LoraConfig.rank(4).withTargets(LoraTarget.allLinear()))
                .config(config)
                .examples(counting(24, 7, model.vocabSize()))
                .evalExamples(counting(1, 9, model.vocabSize()))
                .output(folder.resolve(entry.architecture()));
    }

    /** Sequences that count up from a random id. */
    private static List<EncodedExample> counting(int n, long seed, int vocab) {
        Random random = new Random(seed);
        List<EncodedExample> examples = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            int[] tokens = new int[8 + random.nextInt(16)];
            float[] weights = new float[tokens.length];
            int first = random.nextInt(vocab);
            for (int t = 0; t < tokens.length; t++) {
                tokens[t] = (first + t) % vocab;
                weights[t] = t < tokens.length - 1 ? 1 : 0;
            }
            examples.add(new EncodedExample(tokens, weights));
        }
        return examples;
    }

    private static double loss(Model model, EncodedExample example, List<Adapter> adapters) {
        List<EngineText.Worn> worn = adapters.stream()
                .map(adapter -> new EngineText.Worn(model.loaded().bind(adapter.loaded()), 1))
                .toList();
        float[][] logits = model.logits(example.tokens(), worn);
        double sum = 0;
        for (int t = 0; t < example.length() - 1; t++) {
            double total = 0;
            for (float logit : logits[t]) {
                total += Math.exp(logit);
            }
            sum += example.weights()[t] * (Math.log(total) - logits[t][example.tokens()[t + 1]]);
        }
        return sum / example.weight();
    }
}
