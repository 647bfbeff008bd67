package dev.chaku;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.DecoderSpec;
import dev.chaku.internal.engine.EngineTrainer;
import dev.chaku.internal.engine.EngineTrainer.Slot;
import dev.chaku.internal.engine.LoraOptions;
import dev.chaku.internal.engine.ParameterInfo;
import dev.chaku.internal.engine.TrainerOptions;
import dev.chaku.internal.engine.TrainingBatch;
import dev.chaku.internal.io.DirectBuffers;
import java.nio.FloatBuffer;
import java.util.EnumSet;
import java.util.Random;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * The backward pass of every family on its small model: gradients of every kind of parameter, LoRA and full, against
 * central differences of the loss. Two packed sequences, some of whose tokens carry no weight.
 */
class FamilyGradientsTest {
    private static final int TOKENS = 16;
    private static final int RANK = 2;
    private static final float LONGEST_STEP = 1f / 64;

    /** What the rounding of float32 does to a difference with that step. */
    private static final double NOISE = 1.5e-3;

    @TestFactory
    Stream<DynamicTest> loraGradientsAreThoseOfTheLoss() {
        return tests(false);
    }

    @TestFactory
    Stream<DynamicTest> fullGradientsAreThoseOfTheLoss() {
        return tests(true);
    }

    private static Stream<DynamicTest> tests(boolean full) {
        return FamilyModels.all().stream()
                .filter(FamilyModels.Entry::isFloat)
                .map(entry -> DynamicTest.dynamicTest(entry.name(), () -> check(entry, full)));
    }

    private static void check(FamilyModels.Entry entry, boolean full) {
        try (Model model = Model.open(entry.file(), Float32Device.options());
                EngineTrainer trainer = model.core().trainer(options(model.spec(), full))) {
            fillB(trainer);
            TrainingBatch batch = batch(model.vocabSize());
            trainer.accumulate(batch);
            float[][] gradients = IntStream.range(0, trainer.parameters())
                    .mapToObj(i -> read(trainer, i, Slot.GRADIENT))
                    .toArray(float[][]::new);
            Random random = new Random(3);
            for (int i = 0; i < gradients.length; i++) {
                checkParameter(trainer, batch, i, gradients[i], random);
            }
        }
    }

    private static TrainerOptions options(DecoderSpec spec, boolean full) {
        Predicate<DecoderModule> present =
                module -> IntStream.range(0, spec.layers().size())
                        .anyMatch(l -> spec.product(module.at(l)).isPresent());
        Set<DecoderModule> targets = EnumSet.of(DecoderModule.OUTPUT);
        for (DecoderModule module : DecoderModule.values()) {
            if (module.isAdaptable() && module.inLayers() && present.test(module)) {
                targets.add(module);
            }
        }
        return full
                ? TrainerOptions.full(TOKENS, 5, 0, true, 0)
                : TrainerOptions.lora(LoraOptions.of(RANK, 0.7f, targets), TOKENS, 5, 0, 0);
    }

    /** B starts at zero, where A has no gradient: give it values. */
    private static void fillB(EngineTrainer trainer) {
        Random random = new Random(9);
        for (int i = 0; i < trainer.parameters(); i++) {
            ParameterInfo info = trainer.parameter(i);
            if (info.kind() == ParameterInfo.Kind.LORA_B) {
                float[] values = new float[(int) info.elements()];
                for (int n = 0; n < values.length; n++) {
                    values[n] = (float) (0.1 * random.nextGaussian());
                }
                write(trainer, i, values);
            }
        }
    }

    private static TrainingBatch batch(int vocab) {
        int[] tokens = new Random(1).ints(TOKENS, 1, vocab).toArray();
        int[] targets = new Random(2).ints(TOKENS, 1, vocab).toArray();
        float[] weights = new float[TOKENS];
        for (int i = 0; i < TOKENS; i++) {
            weights[i] = i % 4 == 3 ? 0 : 0.5f + 0.25f * (i % 3);
        }
        return new TrainingBatch(0, tokens, targets, weights, new int[] {0, 5, TOKENS});
    }

    /** The element with the largest gradient, and one that chance picks. */
    private static void checkParameter(
            EngineTrainer trainer, TrainingBatch batch, int index, float[] gradient, Random random) {
        ParameterInfo info = trainer.parameter(index);
        int largest = 0;
        for (int i = 0; i < gradient.length; i++) {
            largest = Math.abs(gradient[i]) > Math.abs(gradient[largest]) ? i : largest;
        }
        float[] base = read(trainer, index, Slot.VALUE);
        for (int at : new int[] {largest, random.nextInt(gradient.length)}) {
            double tolerance = 0.01 * Math.abs(gradient[largest]) + 2e-3;
            double difference = slope(trainer, batch, index, base, at, tolerance);
            String what = info.module().at(info.layer()).name() + " " + info.kind() + "[" + at + "]";
            assertTrue(
                    Math.abs(difference - gradient[at]) <= tolerance,
                    what + ": difference " + difference + ", gradient " + gradient[at] + ", tolerance " + tolerance);
        }
        write(trainer, index, base);
    }

    /**
     * Central differences with two steps, of which the errors of third order cancel (Richardson). Where they do not
     * agree, a step went over a border at which a router chooses another expert: then smaller ones are taken.
     */
    private static double slope(
            EngineTrainer trainer, TrainingBatch batch, int index, float[] base, int at, double tolerance) {
        double far = difference(trainer, batch, index, base, at, LONGEST_STEP);
        for (float step = LONGEST_STEP / 2; ; step /= 2) {
            double near = difference(trainer, batch, index, base, at, step);
            if (Math.abs(near - far) <= tolerance / 4 + NOISE || step < LONGEST_STEP / 32) {
                return (4 * near - far) / 3;
            }
            far = near;
        }
    }

    private static double difference(
            EngineTrainer trainer, TrainingBatch batch, int index, float[] base, int at, float step) {
        double above = lossAt(trainer, batch, index, base, at, step);
        double below = lossAt(trainer, batch, index, base, at, -step);
        return (above - below) / (2 * step);
    }

    private static double lossAt(
            EngineTrainer trainer, TrainingBatch batch, int index, float[] base, int at, float delta) {
        float[] moved = base.clone();
        moved[at] += delta;
        write(trainer, index, moved);
        return trainer.evaluate(batch).lossSum();
    }

    private static float[] read(EngineTrainer trainer, int index, Slot slot) {
        float[] values = new float[(int) trainer.parameter(index).elements()];
        FloatBuffer buffer = DirectBuffers.floats(values.length);
        trainer.read(index, slot, buffer);
        buffer.get(0, values);
        return values;
    }

    private static void write(EngineTrainer trainer, int index, float[] values) {
        trainer.write(index, Slot.VALUE, DirectBuffers.of(values));
    }
}
