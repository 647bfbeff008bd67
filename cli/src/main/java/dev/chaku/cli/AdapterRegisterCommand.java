package dev.chaku.cli;

import dev.chaku.registry.AdapterRegistry;
import dev.chaku.registry.AdapterVersion;
import dev.chaku.registry.VersionDescription;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code chaku adapter register}: a version from an adapter that is there already. */
@Command(
        name = "register",
        description = {
            "Adds an adapter to the registry, as the next version of a name: the folder of a training with its settings and",
            "result, or a GGUF file, such as a merged or imported one. Its files are copied."
        },
        footer = {
            "",
            "Examples:",
            "  chaku adapter register support runs/1",
            "  chaku adapter register support merged.gguf --note \"style and domain, half each\" --license data=cc-by-4.0"
        })
final class AdapterRegisterCommand extends Verb {
    @Parameters(index = "0", paramLabel = "NAME", description = "The adapter's name, new or one that has versions.")
    private String name;

    @Reads
    @Parameters(index = "1", paramLabel = "DIR|FILE", description = "The folder of a training, or a GGUF adapter.")
    private Path adapter;

    @Option(names = "--note", paramLabel = "TEXT", description = "What is to be remembered of it.")
    private String note;

    @Mixin
    private LicenceOption licences;

    @Mixin
    private RegistryOption registry;

    @Override
    void validate() {
        licences.validate(this);
    }

    @Override
    void execute() {
        AdapterRegistry opened = registry.open();
        opened.requireCanRegister(name);
        VersionDescription told = VersionDescription.of(adapter);
        AdapterVersion version = opened.register(
                name, adapter, told.withLicences(licences.over(told.licences())).withNote(note == null ? "" : note));
        result(Fields.of(version.json()), () -> console().print(version.reference() + ": " + version.file()));
    }
}
