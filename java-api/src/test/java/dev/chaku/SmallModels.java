package dev.chaku;

import java.nio.file.Files;
import java.nio.file.Path;

/** Small models by name: the reference's, or where it is not there or has none, those of the repository. */
public final class SmallModels {
    /** Made by {@code src/test/goldens/make.sh}. */
    static final Path OWN = Path.of("src", "test", "resources", "dev", "chaku", "goldens");

    private SmallModels() {}

    /** The file; the running test is skipped, visibly, if nobody has it. */
    public static Path require(String name) {
        String reference = "parity/tiny/" + name + ".gguf";
        Path own = OWN.resolve(name + ".gguf");
        return Files.exists(own) && !ReferenceData.has(reference) ? own : ReferenceData.require(reference);
    }
}
