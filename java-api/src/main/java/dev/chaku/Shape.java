package dev.chaku;

import dev.chaku.errors.BadInputException;
import dev.chaku.internal.arch.DenseShape;
import dev.chaku.internal.engine.RopeSpec.Pairing;
import java.util.Arrays;
import java.util.stream.Collectors;

/** Sizes of well-known models, for measurements on random weights. */
public enum Shape {
    /** SmolLM2 135M: 30 layers, tied embeddings. */
    SMOLLM2_135M(
            "smollm2-135m",
            new DenseShape("llama", Pairing.ADJACENT, 30, 576, 9, 3, 64, 1536, 49152, 8192, 1e5, true, false, false)),
    /** Qwen2.5 0.5B: biases on Q, K and V, tied embeddings. */
    QWEN2_5_0_5B(
            "qwen2.5-0.5b",
            new DenseShape("qwen2", Pairing.HALVES, 24, 896, 14, 2, 64, 4864, 151936, 32768, 1e6, true, true, false)),
    /** Qwen3 0.6B: norms of Q and K, tied embeddings. */
    QWEN3_0_6B(
            "qwen3-0.6b",
            new DenseShape("qwen3", Pairing.HALVES, 28, 1024, 16, 8, 128, 3072, 151936, 40960, 1e6, true, false, true)),
    /** Llama 3.2 1B: scaled rotations, tied embeddings. */
    LLAMA_3_2_1B(
            "llama-3.2-1b",
            new DenseShape(
                    "llama", Pairing.ADJACENT, 16, 2048, 32, 8, 64, 8192, 128256, 131072, 5e5, true, false, false));

    private final String label;
    private final DenseShape sizes;

    Shape(String label, DenseShape sizes) {
        this.label = label;
        this.sizes = sizes;
    }

    /** {@return the name as command lines write it} */
    public String label() {
        return label;
    }

    DenseShape sizes() {
        return sizes;
    }

    /**
     * Reads a name such as {@code llama-3.2-1b}.
     *
     * @param name as {@link #label} writes it
     * @return the shape
     * @throws BadInputException if no shape has it; the message lists those that are known
     */
    public static Shape parse(String name) {
        return Arrays.stream(values())
                .filter(shape -> shape.label.equals(name))
                .findFirst()
                .orElseThrow(() -> new BadInputException("unknown shape " + name + "; known are "
                        + Arrays.stream(values()).map(Shape::label).collect(Collectors.joining(", "))));
    }
}
