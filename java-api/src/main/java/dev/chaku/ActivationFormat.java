package dev.chaku;

import dev.chaku.errors.BadInputException;
import dev.chaku.internal.engine.EnginePool;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * How products of generated tokens with quantized weights read activations. Fewer bits are faster, above all where many
 * texts are generated at once; the answer to a request stays the same alone and beside others in each format. Weights
 * of floats, prompts and training read float32 or bfloat16 whatever the format.
 */
public enum ActivationFormat {
    /** As exact as sums in float32. */
    F32(EnginePool.Activations.F32),
    /**
     * 15 bits beside a scale that 128 or 256 activations share: less than rounding to bfloat16 loses of all but the
     * smallest.
     */
    INT16(EnginePool.Activations.INT16),
    /** 8 bits beside a scale that 128 or 256 activations share. */
    INT8(EnginePool.Activations.INT8);

    private final EnginePool.Activations engine;

    ActivationFormat(EnginePool.Activations engine) {
        this.engine = engine;
    }

    EnginePool.Activations engine() {
        return engine;
    }

    /** {@return the name as command lines write it, for instance {@code int8}} */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * Reads a name such as {@code int8}, in any case.
     *
     * @param name as {@code label} writes it, in any case
     * @return the format
     * @throws BadInputException if no format has it; the message lists those that are known
     */
    public static ActivationFormat parse(String name) {
        return Arrays.stream(values())
                .filter(format -> format.label().equalsIgnoreCase(name))
                .findFirst()
                .orElseThrow(() -> new BadInputException("unknown activation format " + name + "; known are "
                        + Arrays.stream(values()).map(ActivationFormat::label).collect(Collectors.joining(", "))));
    }
}
