package dev.chaku.cli;

import dev.chaku.registry.Licences;
import java.util.List;
import picocli.CommandLine.Option;

/** Under what terms base and data were given, where their files do not say it. */
final class LicenceOption {
    private static final String NAME = "--license";

    @Option(
            names = NAME,
            paramLabel = "base=ID|data=ID",
            description =
                    "The licence of the base or of the data, an SPDX identifier if there is one; may be repeated.")
    private List<String> licences = List.of();

    void validate(Verb verb) {
        for (String licence : licences) {
            if (!licence.matches("(base|data)=\\S.*")) {
                throw verb.usage(NAME + ": expected base=ID or data=ID, found '" + licence + "'");
            }
        }
    }

    /** What was told, with what is given here in its place. */
    Licences over(Licences told) {
        Licences all = told;
        for (String licence : licences) {
            String id = licence.substring("base=".length()).strip();
            all = licence.startsWith("base=") ? all.withBase(id) : all.withData(id);
        }
        return all;
    }
}
