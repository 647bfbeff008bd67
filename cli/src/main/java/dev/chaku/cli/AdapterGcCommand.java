package dev.chaku.cli;

import dev.chaku.registry.AdapterRegistry;
import dev.chaku.registry.Removal;
import dev.chaku.registry.Retention;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code chaku adapter gc}: versions that nobody needs are taken away. */
@Command(
        name = "gc",
        description = {
            "Takes versions away that no rule keeps. What is in production always stays, and so does what has a tag, unless",
            "--tagged is given. Numbers of versions that are gone are not given again."
        },
        footer = {
            "",
            "Examples:",
            "  chaku adapter gc --keep 5 --dry-run",
            "  chaku adapter gc support --keep 5 --keep-best eval_loss:2",
            "  chaku adapter gc support --keep-best json_share:3:max"
        })
final class AdapterGcCommand extends Verb {
    @Parameters(arity = "0..*", paramLabel = "NAME", description = "Adapters; all unless named.")
    private List<String> names = List.of();

    @Option(names = "--keep", paramLabel = "N", description = "Keep the newest N of each adapter.")
    private Integer keep;

    @Option(
            names = "--keep-best",
            paramLabel = "METRIC:N[:min|max]",
            description = "Keep the best N by a metric; may be repeated.")
    private List<String> best = List.of();

    @Option(names = "--tagged", description = "Take versions with a tag away, too.")
    private boolean tagged;

    @Option(names = "--dry-run", description = "Only say what would be taken away.")
    private boolean dryRun;

    @Mixin
    private RegistryOption registry;

    @Override
    void validate() {
        if (keep == null && best.isEmpty()) {
            throw usage("expected --keep N or --keep-best METRIC:N, found neither");
        }
        if (keep != null) {
            requireAtLeast(0, "--keep", keep);
        }
        retention();
    }

    private Retention retention() {
        return new Retention(
                keep == null ? 0 : keep,
                best.stream().map(Retention.Best::parse).toList(),
                !tagged);
    }

    @Override
    void execute() {
        AdapterRegistry opened = registry.open();
        for (String name : names) {
            opened.version(name + "@latest"); // Says what there is if this is not.
        }
        List<Removal> removals = new ArrayList<>();
        for (String name : names.isEmpty() ? opened.names() : names) {
            removals.addAll(opened.collect(name, retention(), dryRun));
        }
        long bytes = removals.stream().mapToLong(Removal::bytes).sum();
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("registry", opened.folder().toString());
        fields.put("removed", removals.stream().map(Removal::reference).toList());
        fields.put("bytes", bytes);
        fields.put("dry_run", dryRun);
        result(fields, () -> {
            removals.forEach(removal -> console()
                    .print((dryRun ? "would take away " : "took away ") + removal.reference() + ", "
                            + ProgressLine.bytes(removal.bytes())));
            console().print(Words.count(removals.size(), "version") + ", " + ProgressLine.bytes(bytes));
        });
    }
}
