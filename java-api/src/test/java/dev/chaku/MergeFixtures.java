package dev.chaku;

import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufValue;
import dev.chaku.internal.adapter.GgufAdapters;
import dev.chaku.internal.arch.DenseShape;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.DecoderSpec;
import dev.chaku.internal.engine.LoraPair;
import dev.chaku.internal.engine.RopeSpec;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Predicate;

/** Bases and adapters of random values for the merging of one into the other. */
final class MergeFixtures {
    private MergeFixtures() {}

    /** A llama of one layer whose rows fit every block format. */
    static DenseShape wide() {
        return new DenseShape(
                "llama",
                RopeSpec.Pairing.ADJACENT,
                1,
                256,
                4,
                2,
                64,
                512,
                TinyModel.VOCAB,
                TinyModel.CONTEXT,
                1e4,
                false,
                false,
                false);
    }

    /** Every product that an adapter can be worn on. */
    static List<DecoderModule.Place> places(DecoderSpec spec) {
        List<DecoderModule.Place> places = new ArrayList<>();
        for (DecoderModule module : DecoderModule.values()) {
            if (!module.isAdaptable() || !module.isOne() || module == DecoderModule.TOKEN_EMBEDDING) {
                continue;
            }
            for (int layer = module.inLayers() ? 0 : -1;
                    layer < (module.inLayers() ? spec.layers().size() : 0);
                    layer++) {
                if (spec.product(module.at(layer)).isPresent()) {
                    places.add(module.at(layer));
                }
            }
        }
        return places;
    }

    /** An adapter of a base's products, with deviations that change its logits well. */
    static Path adapter(
            Path file, DecoderSpec spec, String hash, int rank, long seed, Predicate<DecoderModule.Place> which) {
        Random random = new Random(seed);
        List<LoraPair> pairs = new ArrayList<>();
        for (DecoderModule.Place place : places(spec)) {
            if (which.test(place)) {
                DecoderSpec.Shape shape = spec.product(place).orElseThrow();
                int experts = spec.stacked(place);
                int inputs = (int) shape.columns();
                int outputs = (int) shape.rows() / experts;
                pairs.add(new LoraPair(
                        place,
                        experts,
                        rank,
                        inputs,
                        outputs,
                        values(random, experts * rank * inputs, 1 / Math.sqrt(inputs)),
                        values(random, experts * outputs * rank, 0.1)));
            }
        }
        Map<String, GgufValue> told = new LinkedHashMap<>();
        told.put("chaku.base.sha256", GgufValue.of(hash));
        told.put("chaku.base.file", GgufValue.of("its-base.gguf"));
        GgufAdapters.write(file, spec.architecture(), 8, pairs, told, true);
        return file;
    }

    static Path adapter(Path file, Model base, int rank, long seed) {
        String hash = GgufFile.read(base.path().orElseThrow()).sha256();
        return adapter(file, base.spec(), hash, rank, seed, place -> place.module() != DecoderModule.OUTPUT);
    }

    private static float[] values(Random random, int n, double deviation) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) (deviation * random.nextGaussian());
        }
        return values;
    }
}
