package dev.chaku;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgmlType;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * How keys and values of past tokens are kept in generation. A narrower format takes less memory and, in long texts,
 * less time for each token; it rounds what attention reads. Training always keeps float32.
 */
public enum CacheFormat {
    /** 4 bytes a value, exact. */
    F32(GgmlType.F32),
    /** 2 bytes a value, 11 significant bits. */
    F16(GgmlType.F16),
    /** 2 bytes a value, 8 significant bits and the range of float32. */
    BF16(GgmlType.BF16),
    /** 34 bytes for 32 values, 8 bits each beside a common scale; needs heads of a multiple of 32 values. */
    Q8_0(GgmlType.Q8_0);

    private final GgmlType type;

    CacheFormat(GgmlType type) {
        this.type = type;
    }

    GgmlType type() {
        return type;
    }

    /** {@return the name as command lines write it, for instance {@code f16}} */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * Reads a name such as {@code f16}, in any case.
     *
     * @param name as {@code label} writes it, in any case
     * @return the format
     * @throws BadInputException if no format has it; the message lists those that are known
     */
    public static CacheFormat parse(String name) {
        return Arrays.stream(values())
                .filter(format -> format.label().equalsIgnoreCase(name))
                .findFirst()
                .orElseThrow(() -> new BadInputException("unknown cache format " + name + "; known are "
                        + Arrays.stream(values()).map(CacheFormat::label).collect(Collectors.joining(", "))));
    }
}
