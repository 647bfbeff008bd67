package dev.chaku.merge;

import dev.chaku.errors.BadInputException;
import java.util.Locale;

/** How TIES elects the sign of a value among the adapters, before weights count. */
public enum SignElection {
    /** The sign of the sum of the values that were kept; of a sum of zero, plus. */
    TOTAL,
    /** The sign that most of the values have that were kept; of as many of each, plus. */
    FREQUENCY;

    /** {@return the name as command lines write it} */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * {@return the election of a name}
     *
     * @param name as {@link #label} writes it, in any case
     * @throws BadInputException for an unknown one
     */
    public static SignElection parse(String name) {
        for (SignElection known : values()) {
            if (known.label().equals(name.toLowerCase(Locale.ROOT))) {
                return known;
            }
        }
        throw BadInputException.ofSetting("sign", "total or frequency", "'" + name + "'");
    }
}
