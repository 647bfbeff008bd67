package dev.chaku.internal.arch;

import dev.chaku.gguf.GgmlType;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/**
 * A named mix of formats, as files name it in {@code general.file_type}; {@link TensorFormats} says which tensor gets
 * which. The number is that of the reference.
 */
public enum FormatMix {
    F32(0, GgmlType.F32),
    F16(1, GgmlType.F16),
    BF16(32, GgmlType.BF16),
    Q8_0(7, GgmlType.Q8_0),
    Q4_0(2, GgmlType.Q4_0),
    Q4_1(3, GgmlType.Q4_1),
    Q5_0(8, GgmlType.Q5_0),
    Q5_1(9, GgmlType.Q5_1),
    Q2_K(10, GgmlType.Q2_K),
    Q2_K_S(21, GgmlType.Q2_K),
    Q3_K_S(11, GgmlType.Q3_K),
    Q3_K_M(12, GgmlType.Q3_K),
    Q3_K_L(13, GgmlType.Q3_K),
    Q4_K_S(14, GgmlType.Q4_K),
    Q4_K_M(15, GgmlType.Q4_K),
    Q5_K_S(16, GgmlType.Q5_K),
    Q5_K_M(17, GgmlType.Q5_K),
    Q6_K(18, GgmlType.Q6_K),
    IQ4_NL(25, GgmlType.IQ4_NL),
    IQ4_XS(30, GgmlType.IQ4_XS),
    MXFP4_MOE(38, GgmlType.MXFP4);

    private final int fileType;
    private final GgmlType base;

    FormatMix(int fileType, GgmlType base) {
        this.fileType = fileType;
        this.base = base;
    }

    /** The name as command lines write it, for instance {@code q4_k_m}. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The mix of a name, in any case. */
    public static Optional<FormatMix> ofLabel(String label) {
        return Arrays.stream(values())
                .filter(mix -> mix.label().equalsIgnoreCase(label))
                .findFirst();
    }

    /** The value of {@code general.file_type}. */
    public int fileType() {
        return fileType;
    }

    /** The format of tensors for which the mix has no rule of their own. */
    public GgmlType base() {
        return base;
    }
}
