package dev.chaku;

import dev.chaku.errors.BadInputException;
import java.util.Arrays;
import java.util.Locale;

/** How {@link BaseMerger} rounds sums to the blocks of quantized formats. */
public enum MergeRounding {
    /** Each value by itself, by the quantizer's own search: a change well below the steps of a block is mostly lost. */
    PLAIN,
    /**
     * Codes make up for each other's errors along the directions of the adapters, through which alone these act, with
     * the scales that the base's blocks have. Single values are farther off than with {@link #PLAIN}, what the adapters
     * do is not. Formats without even steps are rounded as there.
     */
    CHANGE;

    /** {@return the name as command lines write it} */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * Reads a name.
     *
     * @param name as {@link #label} writes it, in any case
     * @return the way to round
     * @throws BadInputException if none has it
     */
    public static MergeRounding parse(String name) {
        return Arrays.stream(values())
                .filter(rounding -> rounding.label().equalsIgnoreCase(name))
                .findFirst()
                .orElseThrow(() -> BadInputException.ofSetting("rounding", "plain or change", "'" + name + "'"));
    }
}
