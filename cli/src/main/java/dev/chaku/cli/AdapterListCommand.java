package dev.chaku.cli;

import dev.chaku.errors.BadInputException;
import dev.chaku.registry.AdapterRegistry;
import dev.chaku.registry.AdapterVersion;
import dev.chaku.registry.VersionState;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code chaku adapter list}: what the registry has. */
@Command(
        name = "list",
        description = "Lists the versions of the adapters in the registry, the newest first.",
        footer = {
            "",
            "Examples:",
            "  chaku adapter list",
            "  chaku adapter list support",
            "  chaku adapter list --state production --json"
        })
final class AdapterListCommand extends Verb {
    @Parameters(arity = "0..*", paramLabel = "NAME", description = "Adapters; all unless named.")
    private List<String> names = List.of();

    @Option(
            names = "--state",
            paramLabel = "STATE",
            description = "Only those that are candidate, production or archived.")
    private VersionState state;

    @Option(names = "--tag", paramLabel = "TAG", description = "Only those with this tag.")
    private String tag;

    @Mixin
    private RegistryOption registry;

    @Override
    void execute() {
        AdapterRegistry opened = registry.open();
        List<Map<String, Object>> versions = new ArrayList<>();
        TextTable table = new TextTable("VERSION", "STATE", "CREATED", "LOSS", "EVAL LOSS", "SIZE", "BASE", "TAGS");
        for (String name : names.isEmpty() ? opened.names() : names) {
            List<Integer> numbers = opened.numbers(name);
            if (numbers.isEmpty()) {
                opened.version(name); // Says what there is.
            }
            for (int i = numbers.size() - 1; i >= 0; i--) {
                add(opened, name + "@" + numbers.get(i), versions, table);
            }
        }
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("registry", opened.folder().toString());
        fields.put("versions", versions);
        result(fields, () -> {
            if (versions.isEmpty()) {
                console()
                        .note("no version" + (state == null && tag == null ? "" : " that is so") + " in "
                                + opened.folder());
            } else {
                table.lines().forEach(console()::print);
            }
        });
    }

    private void add(AdapterRegistry opened, String reference, List<Map<String, Object>> versions, TextTable table) {
        AdapterVersion version;
        try {
            version = opened.version(reference);
        } catch (BadInputException e) {
            if (state == null && tag == null) {
                versions.add(Map.of("reference", reference, "state", "damaged", "problem", e.getMessage()));
                table.row(reference, "damaged", "", "", "", "", "", "");
            }
            return;
        }
        boolean wanted = (state == null || version.state() == state)
                && (tag == null || version.standing().tags().contains(tag));
        if (wanted) {
            versions.add(Fields.of(version.json()));
            table.row(
                    reference,
                    version.state().label(),
                    version.created().toString().substring(0, 16).replace('T', ' '),
                    metric(version, "train_loss"),
                    metric(version, "eval_loss"),
                    ProgressLine.bytes(version.bytes()),
                    base(version),
                    String.join(",", version.standing().tags()));
        }
    }

    private static String base(AdapterVersion version) {
        String name = version.description().lineage().base().name();
        return name.isEmpty() ? version.description().lineage().base().file() : name;
    }

    private static String metric(AdapterVersion version, String name) {
        Double value = version.metrics().get(name);
        return value == null ? "" : String.format(Locale.ROOT, "%.4f", value);
    }
}
