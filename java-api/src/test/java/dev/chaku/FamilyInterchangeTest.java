package dev.chaku;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufTensor;
import dev.chaku.internal.adapter.FusedProducts;
import dev.chaku.internal.adapter.GgufAdapters;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.DecoderSpec;
import dev.chaku.internal.engine.LoraPair;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * An adapter of every product of a family goes from the folder of a training to PEFT, from there to a GGUF file and
 * from there to PEFT again: all tensors have the same bits.
 */
class FamilyInterchangeTest {
    /** Experts of these are in parameters that hold all of them, and no modules. */
    private static final Set<String> WITHOUT_EXPERT_MODULES = Set.of("gpt-oss", "granitemoe", "qwen35moe");

    @TempDir
    Path temp;

    @Test
    void allFamiliesAreHere() {
        Assumptions.assumeTrue(FamilyModels.areAllThere(), "no reference data: " + FamilyModels.FOLDER);
        assertEquals(FamilyModels.thatGenerate(), models().keySet());
    }

    @TestFactory
    Stream<DynamicTest> everyFamilyGoesRound() {
        return models().entrySet().stream()
                .map(entry -> DynamicTest.dynamicTest(entry.getKey(), () -> goRound(entry.getValue())));
    }

    /** One model a family. */
    private static Map<String, Path> models() {
        Map<String, Path> models = new TreeMap<>();
        FamilyModels.all().forEach(entry -> models.putIfAbsent(entry.architecture(), entry.file()));
        return models;
    }

    private void goRound(Path model) throws IOException {
        AdapterBase base = AdapterBase.read(model);
        Path folder = Files.createDirectory(temp.resolve(base.architecture()));
        List<LoraPair> pairs = pairs(base.spec());
        assertTrue(pairs.size() >= 2 * base.spec().layers().size());
        Path run = Files.createDirectory(folder.resolve("run"));
        Path first = run.resolve(Adapter.FILE_NAME);
        GgufAdapters.write(first, base.architecture(), 8, FusedProducts.join(pairs, base.spec()), Map.of(), false);
        try (Adapter adapter = Adapter.load(run)) {
            adapter.savePeft(folder.resolve("peft"), base);
        }
        Path second = folder.resolve("second.gguf");
        try (Adapter adapter = Adapter.read(folder.resolve("peft"), base)) {
            assertEquals(List.of(), adapter.remarks());
            adapter.save(second);
        }
        assertSame(GgufFile.read(first), GgufFile.read(second));
        try (Adapter adapter = Adapter.load(second)) {
            adapter.savePeft(folder.resolve("again"), base);
        }
        for (String file : List.of("adapter_model.safetensors", "adapter_config.json")) {
            assertEquals(
                    -1,
                    Files.mismatch(
                            folder.resolve("peft").resolve(file),
                            folder.resolve("again").resolve(file)),
                    file);
        }
    }

    private static void assertSame(GgufFile expected, GgufFile found) {
        assertEquals(names(expected), names(found));
        assertEquals(
                expected.metadata().requireFloat("adapter.lora.alpha"),
                found.metadata().requireFloat("adapter.lora.alpha"));
        for (GgufTensor tensor : expected.tensors()) {
            GgufTensor other = found.requireTensor(tensor.name());
            assertArrayEquals(tensor.dims(), other.dims(), tensor.name());
            assertEquals(expected.readTensor(tensor), found.readTensor(other), tensor.name());
        }
    }

    private static Set<String> names(GgufFile file) {
        return file.tensors().stream().map(GgufTensor::name).collect(Collectors.toSet());
    }

    /**
     * A pair for each product. Ranks of products that are one tensor on either side add up to powers of two: scales are
     * then exact, and so are the bits.
     */
    private static List<LoraPair> pairs(DecoderSpec spec) {
        Random random = new Random(7);
        List<LoraPair> pairs = new ArrayList<>();
        for (DecoderModule module : DecoderModule.values()) {
            if (!module.isAdaptable()
                    || !module.isOne()
                    || module.isStacked() && WITHOUT_EXPERT_MODULES.contains(spec.architecture())) {
                continue;
            }
            for (int layer = 0; layer < (module.inLayers() ? spec.layers().size() : 1); layer++) {
                DecoderModule.Place place = module.at(layer);
                DecoderSpec.Shape shape = (module == DecoderModule.OUTPUT
                                ? spec.product(place).or(() -> spec.product(DecoderModule.TOKEN_EMBEDDING.at(-1)))
                                : spec.product(place))
                        .orElse(null);
                if (shape != null) {
                    pairs.add(pair(place, spec.stacked(place), rank(module), shape, random));
                }
            }
        }
        return pairs;
    }

    private static int rank(DecoderModule module) {
        return switch (module) {
            case ATTN_K, ATTN_V, FFN_GATE, FFN_UP, SHARED_GATE, SHARED_UP, MIX_BETA, MIX_ALPHA -> 1;
            case MIX_INPUT_GATE -> 4;
            default -> 2;
        };
    }

    private static LoraPair pair(
            DecoderModule.Place place, int experts, int rank, DecoderSpec.Shape shape, Random random) {
        int inputs = (int) shape.columns();
        int outputs = (int) shape.rows() / experts;
        float[] a = new float[experts * rank * inputs];
        float[] b = new float[experts * outputs * rank];
        for (float[] values : List.of(a, b)) {
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) random.nextGaussian();
            }
        }
        return new LoraPair(place, experts, rank, inputs, outputs, a, b);
    }

    /** What has no module at Hugging Face is named, with the way that is left. */
    @Test
    void expertsWithoutModulesAreRefusedByName() throws IOException {
        AdapterBase base = AdapterBase.read(SmallModels.require("granitemoe"));
        DecoderModule.Place place = DecoderModule.EXPERT_UP.at(0);
        DecoderSpec.Shape shape = base.spec().product(place).orElseThrow();
        LoraPair pair = pair(place, base.spec().stacked(place), 2, shape, new Random(1));
        Path file = temp.resolve("experts.gguf");
        GgufAdapters.write(file, base.architecture(), 8, List.of(pair), Map.of(), false);
        try (Adapter adapter = Adapter.load(file)) {
            String message = assertThrows(BadInputException.class, () -> adapter.savePeft(temp.resolve("out"), base))
                    .getMessage();
            assertTrue(
                    message.contains("no modules for the experts of granitemoe")
                            && message.contains("exchanged as a GGUF file"),
                    message);
        }
    }
}
