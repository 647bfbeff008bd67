package dev.chaku.registry;

import dev.chaku.errors.BadInputException;
import java.nio.file.Path;
import java.util.Map;

/** Where a user's registry is unless it is named. */
final class UserFolder {
    /** The environment's variable that names another. */
    static final String VARIABLE = "CHAKU_REGISTRY";

    private UserFolder() {}

    /**
     * The folder.
     *
     * @param home as the JVM tells it; {@code ?} where it knows none
     * @throws BadInputException if the user has no home, and nothing else is named
     */
    static Path of(Map<String, String> environment, String home) {
        String named = environment.getOrDefault(VARIABLE, "");
        if (!named.isEmpty()) {
            return Path.of(named);
        }
        String data = environment.getOrDefault("XDG_DATA_HOME", "");
        // As its specification says, a relative one counts for nothing.
        if (!data.isEmpty() && Path.of(data).isAbsolute()) {
            return Path.of(data, "chaku", "adapters");
        }
        String user = environment.getOrDefault("HOME", home);
        if (user.isEmpty() || !Path.of(user).isAbsolute()) {
            throw new BadInputException(
                    "registry of adapters: expected a home folder to have it in, found none; name one " + "with "
                            + VARIABLE);
        }
        return Path.of(user, ".local", "share", "chaku", "adapters");
    }
}
