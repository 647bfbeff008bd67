package dev.chaku;

import dev.chaku.errors.BadInputException;
import dev.chaku.internal.arch.FormatMix;
import java.util.Arrays;
import java.util.stream.Collectors;

/** A named choice of formats for a model's weights, as llama.cpp's quantizer makes it. */
public enum WeightFormat {
    /** The mix that llama.cpp calls F32. */
    F32(FormatMix.F32),
    /** The mix that llama.cpp calls F16. */
    F16(FormatMix.F16),
    /** The mix that llama.cpp calls BF16. */
    BF16(FormatMix.BF16),
    /** The mix that llama.cpp calls Q8_0. */
    Q8_0(FormatMix.Q8_0),
    /** The mix that llama.cpp calls Q4_0. */
    Q4_0(FormatMix.Q4_0),
    /** The mix that llama.cpp calls Q4_1. */
    Q4_1(FormatMix.Q4_1),
    /** The mix that llama.cpp calls Q5_0. */
    Q5_0(FormatMix.Q5_0),
    /** The mix that llama.cpp calls Q5_1. */
    Q5_1(FormatMix.Q5_1),
    /** The mix that llama.cpp calls Q2_K. */
    Q2_K(FormatMix.Q2_K),
    /** The mix that llama.cpp calls Q2_K_S. */
    Q2_K_S(FormatMix.Q2_K_S),
    /** The mix that llama.cpp calls Q3_K_S. */
    Q3_K_S(FormatMix.Q3_K_S),
    /** The mix that llama.cpp calls Q3_K_M. */
    Q3_K_M(FormatMix.Q3_K_M),
    /** The mix that llama.cpp calls Q3_K_L. */
    Q3_K_L(FormatMix.Q3_K_L),
    /** The mix that llama.cpp calls Q4_K_S. */
    Q4_K_S(FormatMix.Q4_K_S),
    /** The mix that llama.cpp calls Q4_K_M. */
    Q4_K_M(FormatMix.Q4_K_M),
    /** The mix that llama.cpp calls Q5_K_S. */
    Q5_K_S(FormatMix.Q5_K_S),
    /** The mix that llama.cpp calls Q5_K_M. */
    Q5_K_M(FormatMix.Q5_K_M),
    /** The mix that llama.cpp calls Q6_K. */
    Q6_K(FormatMix.Q6_K),
    /** The mix that llama.cpp calls IQ4_NL. */
    IQ4_NL(FormatMix.IQ4_NL),
    /** The mix that llama.cpp calls IQ4_XS. */
    IQ4_XS(FormatMix.IQ4_XS),
    /** The mix that llama.cpp calls MXFP4_MOE. */
    MXFP4_MOE(FormatMix.MXFP4_MOE);

    private final FormatMix mix;

    WeightFormat(FormatMix mix) {
        this.mix = mix;
    }

    FormatMix mix() {
        return mix;
    }

    /** {@return the name as command lines write it, for instance {@code q4_k_m}} */
    public String label() {
        return mix.label();
    }

    /**
     * Reads a name such as {@code q4_k_m}, in any case.
     *
     * @param name as {@code label} writes it, in any case
     * @return the mix
     * @throws BadInputException if no format has it; the message lists those that are known
     */
    public static WeightFormat parse(String name) {
        return Arrays.stream(values())
                .filter(format -> format.label().equalsIgnoreCase(name))
                .findFirst()
                .orElseThrow(() -> new BadInputException("unknown weight format " + name + "; known are "
                        + Arrays.stream(values()).map(WeightFormat::label).collect(Collectors.joining(", "))));
    }
}
