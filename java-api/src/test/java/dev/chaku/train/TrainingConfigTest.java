package dev.chaku.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgmlType;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class TrainingConfigTest {
    private static TrainingConfig config(Decay decay, int warmup) {
        return TrainingConfig.defaults()
                .with(c -> c.learningRate(1).decay(decay).warmupSteps(warmup));
    }

    @Test
    void warmsUpInAStraightLine() {
        TrainingConfig config = config(new Decay.Linear(), 4);
        assertEquals(0.25, config.schedule().learningRateAt(1, 10));
        assertEquals(1, config.schedule().learningRateAt(4, 10));
        assertEquals(1, config.schedule().learningRateAt(5, 10));
    }

    @Test
    void linearReachesZeroAfterTheLastStep() {
        TrainingConfig config = config(new Decay.Linear(), 0);
        assertEquals(1, config.schedule().learningRateAt(1, 4));
        assertEquals(0.5, config.schedule().learningRateAt(3, 4));
        assertEquals(0.25, config.schedule().learningRateAt(4, 4));
    }

    @Test
    void cosineIsHalfwayInTheMiddle() {
        TrainingConfig config = config(new Decay.Cosine(), 0);
        assertEquals(1, config.schedule().learningRateAt(1, 8));
        assertEquals((1 + Math.sqrt(0.5)) / 2, config.schedule().learningRateAt(3, 8), 1e-12);
        assertEquals(0.5, config.schedule().learningRateAt(5, 8), 1e-12);
        assertTrue(config.schedule().learningRateAt(8, 8) > 0);
    }

    @Test
    void cosineEndsAtItsMinimum() {
        TrainingConfig config = config(new Decay.Cosine(0.1), 0);
        assertEquals(1, config.schedule().learningRateAt(1, 1000));
        assertEquals(0.55, config.schedule().learningRateAt(501, 1000), 1e-12);
        assertEquals(0.1, config.schedule().learningRateAt(1000, 1000), 1e-4);
    }

    @Test
    void restartsBeginAnewAtTheHighest() {
        TrainingConfig config = config(new Decay.Restarts(2), 0);
        assertEquals(1, config.schedule().learningRateAt(1, 8));
        assertEquals(0.5, config.schedule().learningRateAt(3, 8), 1e-12);
        assertEquals(1, config.schedule().learningRateAt(5, 8), 1e-12);
        assertEquals(config.schedule().learningRateAt(4, 8), config.schedule().learningRateAt(8, 8), 1e-12);
    }

    @Test
    void stableStaysAndFallsAtTheEnd() {
        TrainingConfig config = config(new Decay.StableThenLinear(0.25), 2);
        assertEquals(1, config.schedule().learningRateAt(3, 10));
        assertEquals(1, config.schedule().learningRateAt(9, 10));
        assertEquals(0.5, config.schedule().learningRateAt(10, 10), 1e-12);
    }

    @Test
    void polynomialFallsByItsPower() {
        TrainingConfig config = config(new Decay.Polynomial(2), 0);
        assertEquals(1, config.schedule().learningRateAt(1, 4));
        assertEquals(0.25, config.schedule().learningRateAt(3, 4), 1e-12);
    }

    /** Every label is read back as what wrote it. */
    @Test
    void labelsAreRead() {
        for (Decay decay : List.of(
                new Decay.Constant(),
                new Decay.Linear(),
                new Decay.Cosine(),
                new Decay.Cosine(0.05),
                new Decay.Restarts(3),
                new Decay.StableThenLinear(0.2),
                new Decay.Polynomial(1.5))) {
            assertEquals(decay, Decay.parse(decay.label()));
        }
        assertEquals(new Decay.StableThenLinear(0.1), Decay.parse("WSD"));
        for (String wrong : List.of(
                "cosine:1",
                "cosine:x",
                "constant:1",
                "restarts",
                "restarts:1.5",
                "restarts:0",
                "wsd:0",
                "polynomial:-1",
                "cosine:NaN")) {
            assertThrows(BadInputException.class, () -> Decay.parse(wrong), wrong);
        }
    }

    @Test
    void constantStays() {
        TrainingConfig config = config(new Decay.Constant(), 1);
        assertEquals(1, config.schedule().learningRateAt(1, 9));
        assertEquals(1, config.schedule().learningRateAt(9, 9));
    }

    @Test
    void theDefaultWarmUpIsThreeInAHundred() {
        TrainingConfig config = TrainingConfig.defaults();
        assertEquals(3, config.schedule().warmupOf(100));
        assertEquals(1, config.schedule().warmupOf(1));
        assertEquals(5, config.with(c -> c.warmupSteps(8)).schedule().warmupOf(5));
    }

    @Test
    void theDefaultsAreThoseDocumented() {
        TrainingConfig c = TrainingConfig.defaults();
        assertEquals(3, c.batching().epochs());
        assertEquals(2e-4, c.schedule().learningRate());
        assertEquals(1.0, c.optimizer().maxGradNorm());
        assertEquals(OptimizerKind.ADAMW, c.optimizer().kind());
        assertEquals(42, c.seed());
        assertEquals(1024, c.batching().batchTokens());
        assertEquals(new Decay.Cosine(), c.schedule().decay());
        assertEquals(500, c.keeping().saveSteps());
        assertEquals(0, c.keeping().earlyStopping());
    }

    @Test
    void withAltersACopy() {
        TrainingConfig before = TrainingConfig.defaults();
        TrainingConfig after = before.with(c ->
                c.maxLength(64).batchTokens(256).saveSteps(7).earlyStopping(3).evalSteps(5));
        assertEquals(1024, before.batching().maxLength());
        assertEquals(256, after.batching().batchTokens());
        assertEquals(after, after.with(c -> {}));
    }

    private static List<String> names(Stream<Setting> settings) {
        return settings.map(Setting::name).toList();
    }

    /** The order and the names are those of every config.json and checkpoint there is. */
    @Test
    void settingsAreWrittenByTheirNames() {
        TrainingConfig config = TrainingConfig.defaults();
        List<String> batching =
                List.of("epochs", "max_steps", "max_length", "batch_tokens", "grad_accumulation", "packing");
        List<String> rates = List.of("learning_rate", "schedule", "warmup_steps");
        List<String> optimizer = List.of("weight_decay", "max_grad_norm", "beta1", "beta2", "epsilon", "b_rate_ratio");
        List<String> keeping = List.of("early_stopping", "eval_steps", "save_steps");
        assertEquals(
                Stream.of(batching, rates, optimizer, List.of("seed"), keeping)
                        .flatMap(List::stream)
                        .toList(),
                names(config.settings(false).stream()));
        assertEquals(
                Stream.of(batching, rates, optimizer, List.of("seed", "load_balance", "train_routers"), keeping)
                        .flatMap(List::stream)
                        .toList(),
                names(config.settings(true).stream()));
        TrainingConfig other =
                config.with(c -> c.optimizer(OptimizerKind.LION_8BIT).maxGradValue(0.5));
        assertEquals(
                List.of(
                        "optimizer",
                        "weight_decay",
                        "max_grad_norm",
                        "max_grad_value",
                        "beta1",
                        "beta2",
                        "epsilon",
                        "b_rate_ratio"),
                names(other.optimizer().settings().stream()));
        assertEquals("lion_8bit", other.optimizer().settings().get(0).value());
        assertEquals(0.99, other.optimizer().beta2());
        assertEquals(
                List.of("mode", "rank", "alpha", "rs_lora", "dropout", "targets"),
                names(LoraConfig.rank(8).settings().stream()));
        assertEquals(
                "q,k,v,o,gate,up,down", LoraConfig.rank(8).settings().get(5).value());
        assertEquals(List.of("mode"), names(new FullTraining(GgmlType.F32).settings().stream()));
    }

    @Test
    void whatOnlyTellsMayDifferOnResume() {
        TrainingConfig config = TrainingConfig.defaults();
        assertEquals(
                List.of("eval_steps", "save_steps"),
                names(config.settings(false).stream().filter(setting -> !setting.decides())));
        assertEquals(
                List.of("save_steps"),
                names(config.with(c -> c.earlyStopping(2)).settings(false).stream()
                        .filter(setting -> !setting.decides())));
    }

    @Test
    void aGroupIsSetAtOnce() {
        TrainingConfig config = TrainingConfig.defaults();
        Optimizer sharper = config.optimizer().withBetas(0.9, 0.98);
        TrainingConfig after = config.with(c -> c.optimizer(sharper).epochs(2));
        assertEquals(sharper, after.optimizer());
        assertEquals(config.batching().withEpochs(2), after.batching());
        assertEquals(config.keeping(), after.keeping());
    }

    private static String refusal(Consumer<TrainingConfig.Builder> change) {
        return assertThrows(
                        BadInputException.class, () -> TrainingConfig.defaults().with(change))
                .getMessage();
    }

    @Test
    void namesWhatIsOutOfRange() {
        assertEquals("epochs: expected at least 1, found 0", refusal(c -> c.epochs(0)));
        assertEquals("batch tokens: expected at least the max length of 1024, found 8", refusal(c -> c.batchTokens(8)));
        assertTrue(refusal(c -> c.learningRate(Double.NaN)).startsWith("learning rate: expected more than 0"));
        assertTrue(refusal(c -> c.betas(0.9, 1)).startsWith("betas: expected"));
        assertTrue(refusal(c -> c.earlyStopping(-1)).startsWith("early stopping: expected"));
        assertEquals(
                "schedule: expected " + Decay.NAMES + ", found 'step'",
                assertThrows(BadInputException.class, () -> Decay.parse("step")).getMessage());
        assertEquals(new Decay.Linear(), Decay.parse("Linear"));
    }
}
