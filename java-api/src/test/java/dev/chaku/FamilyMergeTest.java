package dev.chaku;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.gguf.GgufFile;
import dev.chaku.internal.engine.DecoderModule;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * An adapter of every product of a model of every family: merged in float32, the model says what the base says that
 * wears it. Fused tensors, experts, latents, tied outputs and shapes of all kinds are among them.
 */
class FamilyMergeTest {
    private static final int[] TOKENS = {1, 5, 9, 3, 17, 2, 11, 30, 8, 4, 6, 21};

    @TempDir
    Path folder;

    @TestFactory
    Stream<DynamicTest> mergedModelsSayTheSame() {
        return FamilyModels.all().stream().map(entry -> DynamicTest.dynamicTest(entry.name(), () -> merge(entry)));
    }

    @Test
    void everyFamilyIsAmongThem() {
        ReferenceData.require(FamilyModels.FOLDER);
        Set<String> there = FamilyModels.all().stream()
                .map(FamilyModels.Entry::architecture)
                .collect(Collectors.toSet());
        assertEquals(FamilyModels.thatGenerate(), there);
    }

    private void merge(FamilyModels.Entry entry) {
        try (Model base = Model.open(entry.file(), Float32Device.options())) {
            String hash = GgufFile.read(entry.file()).sha256();
            Path file = MergeFixtures.adapter(
                    folder.resolve("adapter.gguf"),
                    base.spec(),
                    hash,
                    3,
                    1,
                    place -> place.module() != DecoderModule.ATTN_KV_B
                            || base.spec().layers().get(place.layer()).latent() != null);
            Adapter adapter = Adapter.load(file);
            Path out = folder.resolve(entry.name() + ".gguf");
            BaseMerger.into(entry.file())
                    .add(adapter, 0.5)
                    .format(WeightFormat.F32)
                    .write(out);
            float[] bare = AdapterTest.logits(base, TOKENS, List.of());
            float[] worn = AdapterTest.logits(base, TOKENS, List.of(adapter), 0.5f);
            try (Model merged = Model.open(out, Float32Device.options())) {
                float[] said = AdapterTest.logits(merged, TOKENS, List.of());
                double change = difference(worn, bare);
                assertTrue(change > 1e-3, "the adapter does something: " + change);
                assertTrue(
                        difference(worn, said) < 1e-4 * change + 1e-5,
                        "merged " + difference(worn, said) + " of " + change);
            }
        }
    }

    private static double difference(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += (a[i] - b[i]) * (double) (a[i] - b[i]);
        }
        return Math.sqrt(sum / a.length);
    }
}
