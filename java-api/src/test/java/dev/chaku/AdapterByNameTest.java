package dev.chaku;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import dev.chaku.registry.AdapterRegistry;
import dev.chaku.registry.SomeAdapter;
import dev.chaku.registry.VersionDescription;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Adapters that are loaded by the name of a version, in place of a path. */
class AdapterByNameTest {
    @TempDir
    Path folder;

    private AdapterRegistry registry() {
        AdapterRegistry registry = AdapterRegistry.open(folder.resolve("registry"));
        for (int i = 1; i <= 2; i++) {
            Path run = SomeAdapter.run(folder.resolve("run" + i), i, 1);
            registry.register("support", run, VersionDescription.of(run));
        }
        return registry;
    }

    private static float value(Adapter adapter) {
        return adapter.weights().pairs().get(0).a()[0];
    }

    @Test
    void aNameIsLoadedFromARegistry() {
        AdapterRegistry registry = registry();
        registry.promote("support@1", List.of());
        assertEquals(1, value(Adapter.load("support", registry)));
        assertEquals(2, value(Adapter.load("support@2", registry)));
        assertEquals(1, value(Adapter.load("support@production", registry)));
        assertEquals(2, value(Adapter.load(folder.resolve("run2").toString(), registry)));
        assertThrows(BadInputException.class, () -> Adapter.load("support@3", registry));
    }

    /** Without a registry the user's is asked, which the environment names. */
    @Test
    void theUsersRegistryIsAsked() throws IOException, InterruptedException {
        registry();
        assertEquals("2.0", load("CHAKU_REGISTRY=" + folder.resolve("registry"), "support"));
        assertEquals("1.0", load("CHAKU_REGISTRY=" + folder.resolve("registry"), "support@1"));
        assertEquals("1.0", load("CHAKU_REGISTRY=", folder.resolve("run1").toString()));
        String none = load("CHAKU_REGISTRY=" + folder.resolve("none"), "support");
        assertTrue(
                none.contains("found no file or folder of that name, and in the registry " + folder.resolve("none")
                        + " no adapter at all"),
                none);
    }

    private static String load(String environment, String adapter) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Load.class.getName(),
                adapter);
        builder.environment().put(environment.split("=")[0], environment.substring(environment.indexOf('=') + 1));
        return ChildJvm.ended(builder).output().strip();
    }

    /** Prints the first value of an adapter. */
    public static final class Load {
        public static void main(String[] args) {
            try {
                System.out.println(value(Adapter.load(args[0])));
            } catch (BadInputException e) {
                System.out.println(e.getMessage());
            }
        }
    }
}
