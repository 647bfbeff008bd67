package dev.chaku;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;

/** The CUDA kernels on the emulator, in place of the library of a graphics card. */
public final class EmulatedCuda {
    private static final String LIBRARY = "chaku.cuda.library";

    private EmulatedCuda() {}

    /** Runs with the emulator; skips the test where the core was built without its tests. */
    public static void run(Runnable body) {
        Path file = Path.of(System.getProperty("chaku.test.cuda.library", "none"));
        assumeTrue(Files.isRegularFile(file), "the emulated library was not built");
        run(file, body);
    }

    /** Runs with a file that is named as the library. */
    static void run(Path file, Runnable body) {
        System.setProperty(LIBRARY, file.toString());
        try {
            body.run();
        } finally {
            System.clearProperty(LIBRARY);
        }
    }
}
