package dev.chaku.cli;

import dev.chaku.errors.BadInputException;
import dev.chaku.registry.AdapterRegistry;
import dev.chaku.registry.AdapterVersion;
import dev.chaku.registry.VersionState;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
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
    private static final String DAMAGED = "damaged";

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

    /** Of damaged versions; those of one damaged file are one. */
    private final Set<String> problems = new LinkedHashSet<>();

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
                add(opened, name, numbers.get(i), versions, table);
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
        problems.forEach(problem -> console().note("warning: " + problem));
    }

    private void add(
            AdapterRegistry opened, String name, int number, List<Map<String, Object>> versions, TextTable table) {
        AdapterVersion version;
        try {
            version = opened.version(name + "@" + number);
        } catch (BadInputException e) {
            addDamaged(opened, name, number, e.getMessage(), versions, table);
            return;
        }
        if (isWanted(version.standing())) {
            versions.add(Fields.of(version.json()));
            table.row(
                    version.reference(),
                    version.state().label(),
                    version.created().toString().substring(0, 16).replace('T', ' '),
                    metric(version, "train_loss"),
                    metric(version, "eval_loss"),
                    ProgressLine.bytes(version.bytes()),
                    base(version),
                    String.join(",", version.standing().tags()));
        }
    }

    /** Its state and tags are kept beside it; where they are lost too, it may be any that is asked for. */
    private void addDamaged(
            AdapterRegistry opened,
            String name,
            int number,
            String problem,
            List<Map<String, Object>> versions,
            TextTable table) {
        Optional<AdapterVersion.Standing> standing;
        try {
            standing = Optional.of(opened.standing(name, number));
        } catch (BadInputException e) {
            standing = Optional.empty();
        }
        if (!standing.map(this::isWanted).orElse(true)) {
            return;
        }
        String reference = name + "@" + number;
        List<String> tags = standing.map(AdapterVersion.Standing::tags).orElse(List.of());
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("reference", reference);
        fields.put("state", DAMAGED);
        fields.put("was", standing.map(known -> known.state().label()).orElse(null));
        fields.put("tags", tags);
        fields.put("problem", problem);
        versions.add(fields);
        table.row(reference, DAMAGED, "", "", "", "", "", String.join(",", tags));
        problems.add(problem);
    }

    private boolean isWanted(AdapterVersion.Standing standing) {
        return (state == null || standing.state() == state)
                && (tag == null || standing.tags().contains(tag));
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
