package dev.chaku.internal.arch;

import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.TensorSpec;
import dev.chaku.internal.engine.VectorOptions;
import dev.chaku.internal.engine.VectorOptions.Activation;
import dev.chaku.internal.engine.VectorOptions.Pooling;
import java.util.List;

/** Reads how a file's states become vectors, and picks what makes them. Used once. */
final class VectorReader {
    /** The values of {@code pooling_type}. */
    private static final int RANK = 4;

    private static final List<String> HARMLESS = List.of(
            "classifier.output_labels", "dense_2_feat_in", "dense_2_feat_out", "dense_3_feat_in", "dense_3_feat_out");

    private final ArchitectureKeys keys;
    private final TensorTable tensors;
    private final DecoderTraits traits;

    VectorReader(ArchitectureKeys keys, TensorTable tensors, DecoderTraits traits) {
        this.keys = keys;
        this.tensors = tensors;
        this.traits = traits;
    }

    VectorOptions read(long width) {
        int type = keys.findInt("pooling_type", 0, RANK).orElse(traits.isEncoder() ? 1 : 0);
        boolean ranks = type == RANK;
        Pooling pooling =
                switch (type) {
                    case 0 -> Pooling.NONE;
                    case 1 -> Pooling.MEAN;
                    case 2 -> Pooling.FIRST;
                    case 3 -> Pooling.LAST;
                    default -> traits.isEncoder() ? Pooling.FIRST : Pooling.LAST;
                };
        keys.harmless(HARMLESS);
        if (traits.head().mayProject()) {
            return new VectorOptions(pooling, Activation.NONE, projection(width), false);
        }
        return new VectorOptions(
                pooling, traits.head().activation(), traits.isEncoder() || ranks ? ranking(width) : 0, ranks);
    }

    /** The width of what the head gives, 0 without. */
    private int ranking(long width) {
        long inner = width;
        long given = 0;
        if (tensors.has(DecoderModule.HEAD_DENSE.at(-1))) {
            given = product(DecoderModule.HEAD_DENSE, inner);
            inner = given;
            tensors.norm(DecoderModule.HEAD_NORM.at(-1), Presence.OPTIONAL, 1, inner, Presence.NONE);
        }
        if (tensors.has(DecoderModule.HEAD_OUT.at(-1))) {
            given = product(DecoderModule.HEAD_OUT, inner);
        }
        return Math.toIntExact(given);
    }

    private int projection(long width) {
        tensors.rename(DecoderModule.HEAD_DENSE, "dense_2");
        tensors.rename(DecoderModule.HEAD_OUT, "dense_3");
        return ranking(width);
    }

    private long product(DecoderModule module, long columns) {
        long rows = tensors.rows(module.at(-1), columns);
        tensors.vector(module.at(-1), TensorSpec.Kind.BIAS, Presence.OPTIONAL, rows);
        return rows;
    }
}
