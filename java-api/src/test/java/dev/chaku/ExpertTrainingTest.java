package dev.chaku;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.data.EncodedExample;
import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgmlType;
import dev.chaku.gguf.GgufFile;
import dev.chaku.internal.arch.FormatMix;
import dev.chaku.train.LoraConfig;
import dev.chaku.train.LoraTarget;
import dev.chaku.train.TrainingConfig;
import dev.chaku.train.TrainingProgress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Trainings of small models of every family that has experts. */
class ExpertTrainingTest {
    private static final int VOCAB = 128;

    @TempDir
    Path folder;

    private static Path base(String name) {
        return ReferenceData.require("parity/tiny").resolve(name + ".gguf");
    }

    /** Sequences that count up from a random id. */
    private static List<EncodedExample> counting(int n, long seed) {
        Random random = new Random(seed);
        List<EncodedExample> examples = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            int[] tokens = new int[8 + random.nextInt(16)];
            float[] weights = new float[tokens.length];
            Arrays.setAll(tokens, t -> t);
            int first = random.nextInt(VOCAB);
            for (int t = 0; t < tokens.length; t++) {
                tokens[t] = (first + t) % VOCAB;
                weights[t] = t < tokens.length - 1 ? 1 : 0;
            }
            examples.add(new EncodedExample(tokens, weights));
        }
        return examples;
    }

    private static Set<LoraTarget> everyTarget(String name) {
        EnumSet<LoraTarget> targets = EnumSet.copyOf(LoraTarget.attention());
        targets.addAll(LoraTarget.experts());
        if (name.equals("qwen2moe")) {
            targets.addAll(LoraTarget.sharedExpert());
        }
        return targets;
    }

    private Trainer trainer(Model model, Set<LoraTarget> targets, String out) {
        TrainingConfig config =
                TinyTraining.config().with(c -> c.learningRate(0.02).loadBalance(0.01));
        return Trainer.on(model)
                .lora(LoraConfig.rank(4).withDropout(0.1).withTargets(targets))
                .config(config)
                .examples(counting(24, 7))
                .evalExamples(counting(1, 9))
                .output(folder.resolve(out));
    }

    private static double loss(float[][] logits, EncodedExample example) {
        double sum = 0;
        for (int t = 0; t < logits.length - 1; t++) {
            double total = 0;
            for (float logit : logits[t]) {
                total += Math.exp(logit);
            }
            sum += example.weights()[t] * (Math.log(total) - logits[t][example.tokens()[t + 1]]);
        }
        return sum / example.weight();
    }

    /** The loss falls, threads change no bit, and the adapter's file says in inference what the trainer said. */
    @ParameterizedTest
    @ValueSource(strings = {"mixtral", "qwen2moe", "qwen3moe", "gpt-oss", "gpt-oss-mxfp4"})
    void expertsAndAttentionLearn(String name) {
        List<TrainingProgress> seen = Collections.synchronizedList(new ArrayList<>());
        try (Model model = Model.open(base(name), Float32Device.options());
                Model oneThread = Model.open(base(name), Float32Device.options().withThreads(1))) {
            assertTrue(model.hasExperts());
            Trainer trainer = trainer(model, everyTarget(name), "out").onProgress(seen::add);
            long planned = trainer.plan().parameters();
            try (TrainingRun run = trainer.start();
                    TrainingRun other =
                            trainer(oneThread, everyTarget(name), "one").start()) {
                Adapter adapter = run.await();
                assertEquals(planned, adapter.parameterCount());
                assertEquals(TinyTraining.bits(other.await()), TinyTraining.bits(adapter));
                TrainingProgress last = run.awaitProgress();
                assertTrue(last.loss() < 0.85 * seen.get(0).loss(), seen.get(0).loss() + " to " + last.loss());
                assertTrue(last.balance().orElseThrow() > 1);
                EncodedExample held = counting(1, 9).get(0);
                float[][] logits = new float[held.length()][VOCAB];
                float[] flat = AdapterTest.logits(model, held.tokens(), List.of(adapter), 1);
                for (int t = 0; t < logits.length; t++) {
                    System.arraycopy(flat, t * VOCAB, logits[t], 0, VOCAB);
                }
                assertEquals(last.evalLoss().orElseThrow(), loss(logits, held), 1e-4);
            }
        }
    }

    /**
     * A full training writes a model that opens, has learned, and has the routers of its base unless they were trained.
     */
    @ParameterizedTest
    @ValueSource(strings = {"mixtral", "qwen2moe", "qwen3moe", "gpt-oss"})
    void everyWeightLearnsAndRoutersIfAsked(String name) {
        EncodedExample held = counting(1, 9).get(0);
        try (Model model = Model.open(base(name), Float32Device.options())) {
            double before = loss(model.logits(held.tokens()), held);
            for (boolean routers : new boolean[] {false, true}) {
                Path out = folder.resolve("routers-" + routers);
                Trainer trainer = trainer(model, LoraTarget.attention(), "routers-" + routers)
                        .full(GgmlType.F32)
                        .config(TinyTraining.config()
                                .with(c -> c.learningRate(0.01).trainRouters(routers)));
                try (TrainingRun run = trainer.start()) {
                    run.awaitFile();
                }
                Path file = out.resolve("model.gguf");
                try (Model trained = Model.open(file, Float32Device.options())) {
                    double after = loss(trained.logits(held.tokens()), held);
                    assertTrue(after < 0.8 * before, before + " to " + after);
                }
                assertEquals(!routers, sameRouters(base(name), file));
            }
        }
    }

    private static boolean sameRouters(Path one, Path other) {
        GgufFile a = GgufFile.read(one);
        GgufFile b = GgufFile.read(other);
        return a.tensors().stream()
                .filter(tensor -> tensor.name().contains("ffn_gate_inp"))
                .allMatch(tensor -> a.readTensor(tensor).equals(b.readTensor(b.requireTensor(tensor.name()))));
    }

    private static final String SIZES = """
      "vocab_size": 259, "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
      "intermediate_size": 96, "max_position_embeddings": 128, "rms_norm_eps": 1e-5, "rope_theta": 10000,
      "hidden_act": "silu", "tie_word_embeddings": false, "num_experts_per_tok": 2,
      """;

    private Path random(String members) throws IOException {
        Path config = Files.writeString(folder.resolve("config.json"), "{" + SIZES + members + "}");
        Path file = folder.resolve("random.gguf");
        RandomModel.of(config).format(WeightFormat.Q8_0).seed(3).write(file);
        return file;
    }

    /** Needs no reference data: quantized models that answer alike on every path and learn. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "'architectures': ['MixtralForCausalLM'], 'num_local_experts': 5",
                "'architectures': ['Qwen2MoeForCausalLM'], 'num_experts': 5, 'moe_intermediate_size': 32, "
                        + "'shared_expert_intermediate_size': 64, 'norm_topk_prob': false",
                "'architectures': ['Qwen3MoeForCausalLM'], 'num_experts': 5, 'moe_intermediate_size': 32, 'head_dim': 32, "
                        + "'norm_topk_prob': true",
            })
    void randomModelsAnswerAlikeOnEveryPathAndLearn(String members) throws IOException {
        Path file = random(members.replace('\'', '"'));
        int[] tokens = counting(1, 5).get(0).tokens();
        float[][] expected;
        try (Model model = Model.open(file, ModelOptions.defaults().withDevice(Device.REFERENCE))) {
            expected = model.logits(tokens);
        }
        EnumSet<LoraTarget> targets = EnumSet.copyOf(LoraTarget.attention());
        targets.addAll(LoraTarget.experts());
        try (Model model = Model.open(file, Float32Device.options())) {
            float[][] found = model.logits(tokens);
            for (int t = 0; t < tokens.length; t++) {
                assertArrayEquals(expected[t], found[t], 1e-3f);
            }
            List<TrainingProgress> seen = Collections.synchronizedList(new ArrayList<>());
            try (TrainingRun run =
                    trainer(model, targets, "random").onProgress(seen::add).start()) {
                run.await();
                double last = run.awaitProgress().loss();
                assertTrue(last < 0.9 * seen.get(0).loss(), seen.get(0).loss() + " to " + last);
            }
        }
    }

    @Test
    void allMeansAttentionWhereLayersHaveExperts() {
        try (Model model = Model.open(base("mixtral"), Float32Device.options())) {
            long attention = trainer(model, LoraTarget.attention(), "a").plan().parameters();
            assertEquals(
                    attention,
                    trainer(model, LoraTarget.allLinear(), "b").plan().parameters());
        }
    }

    @Test
    void whatTheModelLacksIsRefused() {
        try (Model model = Model.open(base("mixtral"), Float32Device.options())) {
            assertRefused(
                    trainer(model, Set.of(LoraTarget.GATE), "a"), "expert_gate, expert_up and expert_down in place");
            assertRefused(
                    trainer(model, Set.of(LoraTarget.Q, LoraTarget.SHARED_UP), "a"), "shared_up", "no ffn_up_shexp");
            assertRefused(
                    trainer(model, LoraTarget.attention(), "a")
                            .config(TinyTraining.config().with(c -> c.trainRouters(true))),
                    "train routers: expected a full training");
        }
    }

    /** Needs no reference data. */
    @Test
    void denseModelsHaveNoExperts() {
        Path file = TinyModel.write(folder.resolve("dense.gguf"), TinyModel.llama(), FormatMix.F32, 1);
        try (Model model = Model.open(file)) {
            assertFalse(model.hasExperts());
            assertRefused(trainer(model, LoraTarget.attention(), "a"), "load balance: expected 0", "found 0.01");
            assertRefused(
                    trainer(model, LoraTarget.experts(), "a").config(TinyTraining.config()),
                    "expert_gate",
                    "no ffn_gate_exps");
        }
        assertFalse(Files.exists(folder.resolve("a")));
    }

    private static void assertRefused(Trainer trainer, String... named) {
        String message = assertThrows(BadInputException.class, trainer::plan).getMessage();
        for (String name : named) {
            assertTrue(message.contains(name), message);
        }
    }
}
