package dev.chaku.cli;

import dev.chaku.errors.BadInputException;
import dev.chaku.registry.AdapterVersion;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code chaku adapter tag}: words on versions. */
@Command(
        name = "tag",
        description = {
            "Puts tags on a version, or takes them off. A tag is a word of your own; name@TAG is the newest version that has it.",
            "Versions with a tag are not taken away by gc unless it is told to."
        },
        footer = {
            "",
            "Examples:",
            "  chaku adapter tag support@3 stable reviewed",
            "  chaku adapter tag support@2 --remove stable"
        })
final class AdapterTagCommand extends Verb {
    @Parameters(index = "0", paramLabel = "NAME@VERSION", description = "The version.")
    private String reference;

    @Parameters(index = "1..*", arity = "0..*", paramLabel = "TAG", description = "To be put on.")
    private List<String> tags = List.of();

    @Option(names = "--remove", paramLabel = "TAG", description = "To be taken off; may be repeated.")
    private List<String> removed = List.of();

    @Mixin
    private RegistryOption registry;

    @Override
    void validate() {
        if (tags.isEmpty() && removed.isEmpty()) {
            throw usage("expected a TAG or --remove TAG, found neither");
        }
    }

    @Override
    void execute() {
        AdapterVersion version = tagged();
        List<String> now = version.standing().tags();
        result(Fields.of(version.json()), () -> console()
                .print(version.reference() + ": " + (now.isEmpty() ? "no tags" : String.join(", ", now))));
    }

    private AdapterVersion tagged() {
        try {
            return registry.open().tag(reference, tags, removed);
        } catch (BadInputException e) {
            throw e.setting().filter("tag"::equals).isPresent() ? usage(e.getMessage()) : e;
        }
    }
}
