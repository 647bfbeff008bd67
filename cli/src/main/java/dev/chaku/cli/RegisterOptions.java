package dev.chaku.cli;

import dev.chaku.errors.ChakuException;
import dev.chaku.registry.AdapterVersion;
import dev.chaku.registry.Lineage;
import dev.chaku.registry.VersionDescription;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code --register NAME} and what goes with it, for verbs that make an adapter. */
final class RegisterOptions {
    private static final String NAME = "--register";

    @Option(
            names = NAME,
            paramLabel = "NAME",
            description = "Add what is made to the registry, as the next version of this adapter.")
    private String name;

    @Mixin
    private LicenceOption licences;

    @Mixin
    private RegistryOption registry;

    void validate(Verb verb) {
        verb.requireBeside(NAME, "--license");
        if (!verb.given("--from")) {
            verb.requireBeside(NAME, "--registry");
        }
        licences.validate(verb);
    }

    /** A file, or a version of the registry. */
    Path locate(String adapter, Console console) {
        return registry.locate(adapter, console);
    }

    /** The version that an adapter was located as, by its number: what a name means may change. */
    String named(String adapter) {
        return registry.named(adapter);
    }

    boolean isGiven() {
        return name != null;
    }

    /** Checks that a version can be added, before the work begins. */
    void check() {
        if (name != null) {
            registry.open().requireCanRegister(name);
        }
    }

    /**
     * Adds the version, or finds the one that has this very adapter already.
     *
     * @param data the names of what it was trained on
     */
    AdapterVersion add(Path made, List<String> data, Console console) {
        try {
            VersionDescription told = VersionDescription.of(made);
            Lineage lineage = told.lineage();
            return registry.open()
                    .registerOnce(
                            name,
                            made,
                            told.withLineage(lineage.withData(lineage.data().withFiles(data)))
                                    .withLicences(licences.over(told.licences())));
        } catch (ChakuException e) {
            console.note("the adapter is in " + made + "; to register it later:");
            console.note("  " + Program.command(registry.again("adapter", "register", name, made)));
            throw e;
        }
    }
}
