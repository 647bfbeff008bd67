package dev.chaku.registry;

import dev.chaku.errors.BadInputException;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;

/**
 * A process of several that change one registry at once. It says what it did, a line each, as soon as it is done:
 * {@code register N} or {@code promote} or {@code rollback}.
 */
public final class RegistryHammer {
    private RegistryHammer() {}

    /** Arguments: the registry, an adapter, how often, and a seed. */
    public static void main(String[] args) {
        work(Path.of(args[0]), Path.of(args[1]), Integer.parseInt(args[2]), Long.parseLong(args[3]));
    }

    static void work(Path folder, Path adapter, int times, long seed) {
        AdapterRegistry registry = AdapterRegistry.open(folder);
        VersionDescription description = VersionDescription.of(adapter);
        Random random = new Random(seed);
        for (int i = 0; i < times; i++) {
            AdapterVersion version = patiently(() -> registry.register("hammered", adapter, description));
            say("register " + version.number());
            patiently(() -> registry.promote(version.reference(), List.of()));
            say("promote");
            if (random.nextInt(3) == 0) {
                try {
                    patiently(() -> registry.rollback("hammered"));
                    say("rollback");
                } catch (BadInputException e) {
                    if (!e.getMessage().contains("was in production before")) {
                        throw e;
                    }
                    // The only one so far.
                }
            }
        }
    }

    /** Tries again where another process stood still with the lock: that was refused, and did nothing. */
    private static AdapterVersion patiently(Supplier<AdapterVersion> work) {
        while (true) {
            try {
                return work.get();
            } catch (BadInputException e) {
                if (!e.getMessage().contains("expected it to be free within")) {
                    throw e;
                }
            }
        }
    }

    private static void say(String line) {
        System.out.println(line);
    }
}
