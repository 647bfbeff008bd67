package dev.chaku;

import dev.chaku.errors.BadInputException;
import dev.chaku.internal.engine.ComputePath;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** What computes. */
public enum Device {
    /**
     * The fastest that this machine has; the environment variable {@code CHAKU_CPU} (float32, reference, avx2, avx512,
     * avx512vnni, avx512bf16 or amx) replaces this choice.
     *
     * <p>Where the processor multiplies bfloat16 fast (AMX, AVX-512 BF16), training and the reading of a prompt round
     * the operands of their matrix products to bfloat16, with sums in float32: three digits, as training on graphics
     * cards does. Products of tokens that the model generates, one by one, are as exact as float32 everywhere.
     * {@link #FLOAT32} is for results to the last digit.
     */
    AUTO(ComputePath.AUTO),
    /** Scalar code: slow, and what the others are tested against. */
    REFERENCE(ComputePath.REFERENCE),
    /** The processor with AVX2 and FMA. */
    AVX2(ComputePath.AVX2),
    /** The processor with AVX-512. */
    AVX512(ComputePath.AVX512),
    /**
     * AMX tiles: products of prompts and training on bfloat16 operands with float32 sums, to three digits, many times
     * as fast as AVX-512.
     */
    AMX(ComputePath.AMX),
    /** AVX-512 with products of prompts and training on bfloat16 operands: nearly twice as fast, to three digits. */
    AVX512BF16(ComputePath.AVX512_BF16),
    /** AVX-512 with VNNI: weights are multiplied as integers with generated tokens, as exactly as in float32. */
    AVX512VNNI(ComputePath.AVX512_VNNI),
    /** The fastest of the paths that compute in float32 throughout. */
    FLOAT32(ComputePath.FLOAT32);

    private final ComputePath path;

    Device(ComputePath path) {
        this.path = path;
    }

    ComputePath path() {
        return path;
    }

    /** The device of a path in use. */
    static Device of(ComputePath path) {
        return Arrays.stream(values())
                .filter(device -> device.path == path)
                .findFirst()
                .orElseThrow();
    }

    /**
     * Reads a name: {@code auto}, {@code cpu} (the same) or a processor path, in any case.
     *
     * @param name as {@link #label} writes it, or {@code cpu}
     * @return the device
     * @throws BadInputException if it is none of them
     */
    public static Device parse(String name) {
        if (name.equalsIgnoreCase("cpu")) {
            return AUTO;
        }
        return Arrays.stream(values())
                .filter(device -> device.label().equals(name.toLowerCase(Locale.ROOT)))
                .findFirst()
                .orElseThrow(() -> new BadInputException("unknown device " + name + "; expected cpu, "
                        + Arrays.stream(values()).map(Device::label).collect(Collectors.joining(", "))));
    }

    /**
     * {@return whether the operands of large products (prompts, training) are rounded to bfloat16, three digits} Their
     * sums, and all else, are float32 on every device; {@link #AUTO} has no answer of its own and says false.
     */
    public boolean roundsToBfloat16() {
        return this == AMX || this == AVX512BF16;
    }

    /** {@return the name as command lines write it} */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
