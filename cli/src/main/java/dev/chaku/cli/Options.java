package dev.chaku.cli;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ParameterException;

/** Checks that picocli has no annotation for. */
final class Options {
    private Options() {}

    /** The one of two spellings of an argument that was given. */
    static Path oneOf(Verb verb, String firstName, @Nullable Path first, String secondName, @Nullable Path second) {
        if ((first == null) == (second == null)) {
            throw new ParameterException(
                    verb.line(),
                    "expected " + firstName + " or " + secondName + ", found " + (first == null ? "neither" : "both"));
        }
        return first != null ? first : second;
    }
}
