package dev.chaku.data;

import dev.chaku.errors.BadInputException;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** What becomes of an example longer than the longest sequence. */
public enum OverLong {
    /** An error that names it. */
    ERROR,
    /** Its end is cut off. */
    TRUNCATE,
    /** It becomes several sequences, which know nothing of each other. */
    SPLIT,
    /** It is left out. */
    DROP;

    /** {@return the name as command lines write it, for instance {@code truncate}} */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * @param name as {@code label} writes it, in any case
     * @return the policy
     * @throws BadInputException for an unknown name
     */
    public static OverLong parse(String name) {
        return Arrays.stream(values())
                .filter(policy -> policy.label().equals(name))
                .findFirst()
                .orElseThrow(() -> new BadInputException("over-long policy: expected "
                        + Arrays.stream(values()).map(OverLong::label).collect(Collectors.joining(", "))
                        + ", found '" + name + "'"));
    }
}
