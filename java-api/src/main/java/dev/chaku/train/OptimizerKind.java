package dev.chaku.train;

import dev.chaku.errors.BadInputException;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * The rule by which parameters follow their gradients, and what it keeps of them. What is kept in 8 bits takes a
 * quarter: blocks of 256 elements have a scale each and a byte an element (Dettmers et al., "8-bit Optimizers via
 * Block-wise Quantization", 2022).
 */
public enum OptimizerKind {
    /** AdamW with two moments of four bytes a parameter. */
    ADAMW(0.9, 0.999, 2, false),
    /** AdamW with two moments in 8 bits. */
    ADAMW_8BIT(0.9, 0.999, 2, true),
    /** Lion with one moment of four bytes a parameter; it wants a lower learning rate, a third to a tenth. */
    LION(0.9, 0.99, 1, false),
    /** Lion with one moment in 8 bits. */
    LION_8BIT(0.9, 0.99, 1, true);

    private final double beta1;
    private final double beta2;
    private final int moments;
    private final boolean eightBit;

    OptimizerKind(double beta1, double beta2, int moments, boolean eightBit) {
        this.beta1 = beta1;
        this.beta2 = beta2;
        this.moments = moments;
        this.eightBit = eightBit;
    }

    /** {@return the name in settings, such as adamw_8bit} */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * Reads a name.
     *
     * @param name such as adamw_8bit; case and hyphens do not matter
     * @return the kind
     * @throws BadInputException if there is none of the name
     */
    public static OptimizerKind parse(String name) {
        String wanted = name.replace('-', '_');
        return Arrays.stream(values())
                .filter(kind -> kind.name().equalsIgnoreCase(wanted))
                .findFirst()
                .orElseThrow(() -> BadInputException.ofSetting(
                        "optimizer",
                        Arrays.stream(values()).map(OptimizerKind::label).collect(Collectors.joining(", ")),
                        "'" + name + "'"));
    }

    /** {@return moments that are kept of each parameter} */
    public int moments() {
        return moments;
    }

    /** {@return whether moments are kept in 8 bits} */
    public boolean isEightBit() {
        return eightBit;
    }

    /** {@return whether it is Lion, in whatever its moment is kept} */
    public boolean isLion() {
        return moments == 1;
    }

    double beta1() {
        return beta1;
    }

    double beta2() {
        return beta2;
    }
}
