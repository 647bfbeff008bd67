package dev.chaku.cli;

import dev.chaku.AdapterFit;
import dev.chaku.errors.BadInputException;
import picocli.CommandLine.Option;

/** How verbs take an adapter whose family and shapes fit a base, where the hash or the vocabulary does not. */
final class AdapterBases {
    /** The one option that goes on in spite of it. */
    static final class Force {
        @Option(
                names = "--force",
                description =
                        "Go on in spite of an adapter that was trained on another model file, or with other tokens.")
        private boolean force;

        boolean isSet() {
            return force;
        }

        /** Refuses what differs, or with the option says it. */
        void check(Console console, AdapterFit fit) {
            if (force) {
                fit.differences().forEach(line -> console.note("note: " + line));
            } else {
                fit.require();
            }
        }
    }

    private AdapterBases() {}

    /** Says what differs, or refuses it if asked to be strict: for verbs that wear adapters. */
    static void tell(Console console, AdapterFit fit, boolean strict) {
        for (String line : fit.differences()) {
            if (strict) {
                throw new BadInputException(line + ": expected the same with --strict");
            }
            console.note("note: " + line + ": answers may be worse than in training; --strict refuses it");
        }
    }
}
