package dev.chaku;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import dev.chaku.internal.arch.FormatMix;
import dev.chaku.internal.engine.LoraPair;
import dev.chaku.train.LoraConfig;
import dev.chaku.train.LoraTarget;
import dev.chaku.train.ProductRules;
import dev.chaku.train.ProductRules.LayerRange;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Trainings whose products have ranks and scales of their own. */
class ProductRulesTrainingTest {
    @TempDir
    Path folder;

    private Model base;

    @BeforeEach
    void openBase() {
        base = Model.open(
                TinyModel.write(folder.resolve("base.gguf"), TinyModel.llama(), FormatMix.F32, 1),
                Float32Device.options());
    }

    @AfterEach
    void closeBase() {
        base.close();
    }

    private Trainer trainer(String out, LoraConfig lora) {
        return TinyTraining.trainer(base, lora, TinyTraining.config().with(c -> c.saveSteps(5)), folder.resolve(out));
    }

    private static LoraConfig rules() {
        Map<String, Integer> ranks = new LinkedHashMap<>();
        ranks.put("blk.1.ffn_down", 2);
        ranks.put("ffn_down", 6);
        return LoraConfig.rank(4)
                .withTargets(Set.of(LoraTarget.Q, LoraTarget.DOWN))
                .withRules(new ProductRules(List.of(), List.of("0\\.attn_v$"), ranks, Map.of("attn_v", 3.0)));
    }

    private static Map<String, Integer> ranks(Adapter adapter) {
        Map<String, Integer> ranks = new TreeMap<>();
        adapter.weights().pairs().forEach(pair -> ranks.put(pair.place().name(), pair.rank()));
        return ranks;
    }

    /** What a training of different scales sees is what a file with one alpha says, worn, or in a folder of PEFT. */
    @Test
    void everyProductHasItsRankAndScale() {
        Trainer trainer = trainer("rules", rules());
        long planned = trainer.plan().parameters();
        try (TrainingRun run = trainer.start();
                Adapter adapter = run.await()) {
            Map<String, Integer> ranks = ranks(adapter);
            assertEquals(6, ranks.get("blk.0.ffn_down"));
            assertEquals(2, ranks.get("blk.1.ffn_down"));
            assertEquals(4, ranks.get("blk.0.attn_q"));
            assertEquals(4, ranks.get("blk.0.attn_v"));
            assertTrue(!ranks.containsKey("blk.1.attn_v"));
            assertEquals(
                    planned,
                    adapter.weights().pairs().stream()
                            .mapToLong(LoraPair::parameters)
                            .sum());
            double trained = run.awaitProgress().evalLoss().orElseThrow();
            assertEquals(trained, loss(adapter), 1e-5);
            AdapterBase spec = AdapterBase.of(base);
            adapter.savePeft(folder.resolve("peft"), spec);
            try (Adapter again = Adapter.read(folder.resolve("peft"), spec)) {
                assertEquals(trained, loss(again), 1e-5);
            }
        }
    }

    private double loss(Adapter adapter) {
        return base.scorer().adapter(adapter).loss(TinyTraining.counting(8, 9)).loss();
    }

    @Test
    void layersAreLeftAsTheyAre() {
        ProductRules upper = ProductRules.NONE.withLayers(List.of(LayerRange.parse("1-")));
        try (TrainingRun run =
                        trainer("upper", TinyTraining.lora().withRules(upper)).start();
                Adapter adapter = run.await()) {
            assertEquals(
                    Set.of("blk.1.attn_q", "blk.1.attn_v", "blk.1.ffn_down"),
                    ranks(adapter).keySet());
        }
    }

    @Test
    void aRunThatIsBrokenOffEndsWithTheSameBits() {
        List<Integer> whole;
        try (TrainingRun run = trainer("whole", rules()).start();
                Adapter adapter = run.await()) {
            whole = TinyTraining.bits(adapter);
        }
        Path live = folder.resolve("live");
        Trainer trainer =
                trainer("live", rules()).onProgress(p -> TinyTraining.copyAt(7, p, live, folder.resolve("broken")));
        try (TrainingRun run = trainer.start()) {
            run.awaitFile();
        }
        BadInputException other =
                assertThrows(BadInputException.class, () -> trainer("broken", rules().withRules(ProductRules.NONE))
                        .resume(true)
                        .start());
        assertTrue(other.getMessage().contains("rank_pattern"), other.getMessage());
        try (TrainingRun run = trainer("broken", rules()).resume(true).start();
                Adapter adapter = run.await()) {
            assertArrayEquals(whole.toArray(), TinyTraining.bits(adapter).toArray());
        }
    }

    @Test
    void rulesThatDecideNothingAreRefused() {
        refused("rank: expected patterns of products that are adapted", r -> r.withRanks(Map.of("attn_k", 2)));
        refused("alpha: expected patterns", r -> r.withAlphas(Map.of("nothing", 2.0)));
        refused("targets: expected patterns", r -> r.withProducts(List.of("gate_inp")));
        refused("layers: expected layers 0 to 1", r -> r.withLayers(List.of(LayerRange.parse("2"))));
        refused("layers: expected layers 0 to 1", r -> r.withLayers(List.of(LayerRange.parse("0-7"))));
    }

    private void refused(String message, java.util.function.UnaryOperator<ProductRules> rules) {
        LoraConfig lora = TinyTraining.lora().withRules(rules.apply(ProductRules.NONE));
        BadInputException e = assertThrows(
                BadInputException.class, () -> trainer("refused", lora).plan());
        assertTrue(e.getMessage().contains(message), e.getMessage());
    }
}
