package dev.chaku.benchmarks.compare;

import dev.chaku.internal.arch.DenseShape;
import dev.chaku.internal.engine.RopeSpec;
import java.util.Arrays;
import java.util.stream.Collectors;

/**
 * The sizes of a dense decoder that every program of a comparison runs.
 *
 * @param name as command lines write it
 * @param architecture {@code llama} or {@code qwen2}, which differ in the pairs that RoPE rotates
 * @param layers L
 * @param width D
 * @param heads H
 * @param kvHeads Hkv
 * @param ffWidth F
 * @param vocabSize V
 * @param ropeBase base of the rotation
 * @param qkvBias whether query, key and value have biases
 */
record PeerShape(
        String name,
        String architecture,
        int layers,
        int width,
        int heads,
        int kvHeads,
        int ffWidth,
        int vocabSize,
        float ropeBase,
        boolean qkvBias) {
    /** Smaller than every published model: for the checks that two programs compute the same. */
    static final PeerShape CHECK = new PeerShape("check", "qwen2", 3, 256, 8, 2, 512, 2048, 1e6f, true);

    private static final PeerShape[] KNOWN = {
        new PeerShape("smollm2-135m", "llama", 30, 576, 9, 3, 1536, 49152, 1e5f, false),
        new PeerShape("qwen2.5-0.5b", "qwen2", 24, 896, 14, 2, 4864, 151936, 1e6f, true),
        new PeerShape("llama-3.2-1b", "llama", 16, 2048, 32, 8, 8192, 128256, 5e5f, false),
        CHECK,
    };

    /** Throws IllegalArgumentException, which lists those that are known, if there is none of this name. */
    static PeerShape parse(String name) {
        return Arrays.stream(KNOWN)
                .filter(shape -> shape.name.equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("unknown shape " + name + "; known are "
                        + Arrays.stream(KNOWN).map(PeerShape::name).collect(Collectors.joining(", "))));
    }

    /** The tensors and formats of this shape follow from its sizes. */
    DenseShape sizes(int context) {
        RopeSpec.Pairing pairing = architecture.equals("llama") ? RopeSpec.Pairing.ADJACENT : RopeSpec.Pairing.HALVES;
        return new DenseShape(
                architecture,
                pairing,
                layers,
                width,
                heads,
                kvHeads,
                headDim(),
                ffWidth,
                vocabSize,
                context,
                ropeBase,
                true,
                qkvBias,
                false);
    }

    int headDim() {
        return width / heads;
    }
}
