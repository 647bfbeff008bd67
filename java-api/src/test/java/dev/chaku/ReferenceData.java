package dev.chaku;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/** The reference data beside the checkout, or where {@code CHAKU_REFERENCE_DATA} points. Tests skip without them. */
public final class ReferenceData {
  private ReferenceData() {}

  /** A file or folder of the reference data; skips the running test, visibly, if it is not there. */
  public static Path require(String relative) {
    Path file = root().resolve(relative);
    Assumptions.assumeTrue(Files.exists(file), () -> "no reference data: " + relative);
    return file;
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
