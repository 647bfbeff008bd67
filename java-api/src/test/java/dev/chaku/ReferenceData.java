package dev.chaku;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicTest;

/** The reference data beside the checkout, or where {@code CHAKU_REFERENCE_DATA} points. Tests skip without them. */
public final class ReferenceData {
    private ReferenceData() {}

    /** A file or folder of the reference data; skips the running test, visibly, if it is not there. */
    public static Path require(String relative) {
        Path file = root().resolve(relative);
        Assumptions.assumeTrue(Files.exists(file), () -> "no reference data: " + relative);
        return file;
    }

    /** Whether a file or folder is there; test factories ask first, for they cannot be skipped themselves. */
    public static boolean has(String relative) {
        return Files.exists(root().resolve(relative));
    }

    /** What a test factory gives in place of its tests when the data are not there: one test that is skipped. */
    public static List<DynamicTest> skipped(String relative) {
        return List.of(DynamicTest.dynamicTest("needs reference data: " + relative, () -> require(relative)));
    }

    private static Path root() {
        String named = System.getenv("CHAKU_REFERENCE_DATA");
        if (named != null) {
            return Path.of(named);
        }
        // Maven runs tests in the module's folder, one below the checkout.
        return Path.of("").toAbsolutePath().resolve("../../shared/data").normalize();
    }
}
