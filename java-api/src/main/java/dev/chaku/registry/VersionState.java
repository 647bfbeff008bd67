package dev.chaku.registry;

import dev.chaku.errors.BadInputException;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** Where a version of an adapter stands. At most one version of a name is in production. */
public enum VersionState {
    /** Made, and not in production yet. */
    CANDIDATE,
    /** What the name stands for. */
    PRODUCTION,
    /** It was in production, or was set aside. */
    ARCHIVED;

    /** {@return the name in lower case, as files and the command line have it} */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * {@return the state of a label}
     *
     * @param label as {@link #label} gives it
     * @throws BadInputException if there is none of this name
     */
    public static VersionState parse(String label) {
        for (VersionState state : values()) {
            if (state.label().equals(label)) {
                return state;
            }
        }
        String known = Arrays.stream(values()).map(VersionState::label).collect(Collectors.joining(", "));
        throw BadInputException.ofSetting("state", "one of " + known, "'" + label + "'");
    }
}
