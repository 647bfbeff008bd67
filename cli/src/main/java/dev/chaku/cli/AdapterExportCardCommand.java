package dev.chaku.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code chaku adapter export-card}: a version's model card. */
@Command(
        name = "export-card",
        description = {
            "Writes a model card of a version: Markdown with what it was made of, licences, settings, metrics and checks, and",
            "at its head the YAML that Hugging Face reads."
        },
        footer = {
            "",
            "Examples:",
            "  chaku adapter export-card support@3",
            "  chaku adapter export-card support@production --out README.md"
        })
final class AdapterExportCardCommand extends Verb {
    @Parameters(paramLabel = "NAME[@VERSION]", description = "The version.")
    private String reference;

    @Writes
    @Option(names = "--out", paramLabel = "FILE", description = "The file to write, in place of standard output.")
    private Path out;

    @Mixin
    private OverwriteOption overwrite;

    @Mixin
    private RegistryOption registry;

    @Override
    void validate() {
        requireBeside("--out", "--overwrite");
    }

    @Override
    void execute() {
        String card = registry.open().card(reference);
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("card", card);
        if (out != null) {
            output(out).write(card);
            fields.put("output", out.toString());
        }
        result(fields, () -> console().out().print(out == null ? card : out + System.lineSeparator()));
    }
}
