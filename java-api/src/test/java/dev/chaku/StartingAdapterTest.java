package dev.chaku;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.data.Dataset;
import dev.chaku.data.Example;
import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgmlType;
import dev.chaku.internal.arch.FormatMix;
import dev.chaku.registry.VersionDescription;
import dev.chaku.train.LoraConfig;
import dev.chaku.train.LoraTarget;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Trainings that go on from an adapter. */
class StartingAdapterTest {
    private static final Set<LoraTarget> SOME = Set.of(LoraTarget.Q, LoraTarget.DOWN);

    @TempDir
    Path folder;

    private Model base;
    private Adapter first;

    @BeforeEach
    void trainTheFirst() {
        base = Model.open(
                TinyModel.write(folder.resolve("base.gguf"), TinyModel.llama(), FormatMix.F32, 1),
                Float32Device.options());
        first = train("first", LoraConfig.rank(3).withAlpha(7).withTargets(SOME), null, 0.01, 6);
    }

    @AfterEach
    void close() {
        first.close();
        base.close();
    }

    private static Dataset data() {
        List<Example> examples = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            examples.add(new Example.PromptCompletion("d:" + i, i + "+1=", Integer.toString(i + 1)));
        }
        return Dataset.of(examples);
    }

    private Trainer trainer(String out, LoraConfig lora, double rate, int steps) {
        return Trainer.on(base)
                .lora(lora)
                .config(TinyTraining.config()
                        .with(c ->
                                c.maxSteps(steps).epochs(50).learningRate(rate).warmupSteps(0)))
                .data(data())
                .output(folder.resolve(out));
    }

    private Adapter train(String out, LoraConfig lora, Adapter from, double rate, int steps) {
        Trainer trainer = trainer(out, lora, rate, steps);
        try (TrainingRun run = (from == null ? trainer : trainer.from("first@1", from)).start()) {
            return run.await();
        }
    }

    private float[] lastLogits(Adapter adapter) {
        float[][] rows = base.generator().adapter(adapter).logits(1, 40, 41, 42);
        return rows[rows.length - 1];
    }

    /** A step so small that it changes nothing leaves what was there, at any rank, scale and set of targets. */
    @Test
    void theFirstStepBeginsWithWhatItAdds() {
        LoraConfig same = first.lora(base);
        assertEquals(3, same.rank());
        assertEquals(7, same.alpha());
        assertEquals(SOME, same.targets());
        float[] expected = lastLogits(first);
        List<LoraConfig> configs = List.of(
                same, same.withAlpha(2), LoraConfig.rank(5), LoraConfig.rank(4).withRsLora(true));
        for (int i = 0; i < configs.size(); i++) {
            try (Adapter next = train("next" + i, configs.get(i), first, 1e-12, 1)) {
                assertArrayEquals(
                        expected, lastLogits(next), 1e-4f, configs.get(i).toString());
            }
        }
    }

    @Test
    void theLossGoesOnWhereItWas() {
        double before = base.scorer().adapter(first).loss(data()).loss();
        try (Adapter next = train("next", first.lora(base), first, 0.01, 20)) {
            double after = base.scorer().adapter(next).loss(data()).loss();
            assertTrue(after < before, before + " " + after);
        }
        assertTrue(before < base.scorer().loss(data()).loss());
    }

    @Test
    void theRunAndTheRegistryKnowIt() throws IOException {
        train("next", first.lora(base), first, 0.01, 2).close();
        String config = Files.readString(folder.resolve("next/config.json"));
        assertTrue(
                config.contains("\"start_adapter\" : \"first@1\"") && config.contains("start_adapter_sha256"), config);
        assertEquals(
                "first@1",
                VersionDescription.of(folder.resolve("next"))
                        .lineage()
                        .parents()
                        .get(0)
                        .adapter());
        // A resumed run is held to it, and one that had none is, too.
        Trainer without = trainer("next", first.lora(base), 0.01, 2).resume(true);
        BadInputException fault = assertThrows(BadInputException.class, without::start);
        assertTrue(fault.getMessage().contains("start adapter"), fault.getMessage());
        Trainer with = trainer("first", LoraConfig.rank(3).withAlpha(7).withTargets(SOME), 0.01, 6)
                .from(first)
                .resume(true);
        assertThrows(BadInputException.class, with::start);
        try (TrainingRun run = trainer("next", first.lora(base), 0.01, 2)
                .from("first@1", first)
                .resume(true)
                .start()) {
            run.await().close();
        }
    }

    @Test
    void whatDoesNotFitIsRefused() {
        LoraConfig lora = first.lora(base);
        assertTrue(refusal(trainer("a", LoraConfig.rank(2).withTargets(SOME), 0.01, 1))
                .startsWith("rank: expected at least the 3"));
        assertTrue(refusal(trainer("b", lora.withTargets(Set.of(LoraTarget.Q)), 0.01, 1))
                .contains("ffn_down"));
        assertTrue(refusal(trainer("c", lora, 0.01, 1).full(GgmlType.F32)).contains("a full training"));
        Path other = TinyModel.write(folder.resolve("other.gguf"), TinyModel.qwen2(), FormatMix.F32, 1);
        try (Model model = Model.open(other, Float32Device.options())) {
            assertThrows(BadInputException.class, () -> first.lora(model));
        }
    }

    private String refusal(Trainer trainer) {
        BadInputException fault =
                assertThrows(BadInputException.class, () -> trainer.from(first).start());
        return fault.getMessage();
    }
}
