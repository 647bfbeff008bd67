package dev.chaku.cli;

import dev.chaku.registry.VersionDiff;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code chaku adapter diff}: what differs between two versions. */
@Command(
        name = "diff",
        description = {
            "Shows what differs between two versions: base, data, settings, licences, metrics, and per tensor the Frobenius norm",
            "of what each adds to the base and of the difference."
        },
        footer = {
            "",
            "Examples:",
            "  chaku adapter diff support@2 support@3",
            "  chaku adapter diff support@production support@latest --tensors",
            "  chaku adapter diff support@2 tone@1 --json"
        })
final class AdapterDiffCommand extends Verb {
    private static final int MOST_TENSORS = 10;
    private static final int MOST_COLUMNS = 40;

    @Parameters(index = "0", paramLabel = "NAME@VERSION", description = "A version.")
    private String before;

    @Parameters(index = "1", paramLabel = "NAME@VERSION", description = "Another.")
    private String after;

    @Option(names = "--tensors", description = "List every tensor, not the ten that differ most alone.")
    private boolean all;

    @Mixin
    private RegistryOption registry;

    @Override
    void execute() {
        VersionDiff diff = registry.open().diff(before, after);
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("before", diff.before());
        fields.put("after", diff.after());
        List<Map<String, Object>> changes = new ArrayList<>();
        for (VersionDiff.Change change : diff.changes()) {
            changes.add(fields(
                    "group",
                    change.group(),
                    "name",
                    change.name(),
                    "before",
                    change.before(),
                    "after",
                    change.after()));
        }
        fields.put("changes", changes);
        List<Map<String, Object>> tensors = new ArrayList<>();
        for (VersionDiff.Tensor tensor : diff.tensors()) {
            tensors.add(fields(
                    "name",
                    tensor.name(),
                    "norm_before",
                    tensor.before(),
                    "norm_after",
                    tensor.after(),
                    "norm_difference",
                    tensor.difference()));
        }
        fields.put("tensors", tensors);
        result(fields, () -> print(diff));
    }

    private static Map<String, Object> fields(Object... namesAndValues) {
        Map<String, Object> fields = new LinkedHashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            fields.put(namesAndValues[i].toString(), namesAndValues[i + 1]);
        }
        return fields;
    }

    private void print(VersionDiff diff) {
        if (diff.changes().isEmpty()) {
            console().print("nothing that is said of them differs");
        } else {
            TextTable table = new TextTable("", "", diff.before(), diff.after());
            diff.changes()
                    .forEach(change -> table.row(
                            change.group(),
                            change.name(),
                            shown(change.group(), change.before()),
                            shown(change.group(), change.after())));
            table.lines().forEach(console()::print);
        }
        console().print("");
        List<VersionDiff.Tensor> differing = diff.tensors().stream()
                .filter(tensor -> tensor.difference() > 0)
                .sorted(Comparator.comparing(VersionDiff.Tensor::difference).reversed())
                .toList();
        List<VersionDiff.Tensor> listed =
                all ? diff.tensors() : differing.subList(0, Math.min(MOST_TENSORS, differing.size()));
        if (!listed.isEmpty()) {
            TextTable table = new TextTable("TENSOR", diff.before(), diff.after(), "DIFFERENCE");
            listed.forEach(tensor ->
                    table.row(tensor.name(), norm(tensor.before()), norm(tensor.after()), norm(tensor.difference())));
            table.lines().forEach(console()::print);
        }
        console()
                .print(differing.size() + " of " + Words.count(diff.tensors().size(), "tensor")
                        + (diff.tensors().size() == 1 ? " differs" : " differ") + " in what they add to the base");
    }

    private static String shown(String group, String value) {
        if (group.equals("metrics") && !value.isEmpty()) {
            return String.format(Locale.ROOT, "%.6g", Double.parseDouble(value));
        }
        String text = value.isEmpty() ? "-" : value;
        return text.length() <= MOST_COLUMNS ? text : text.substring(0, MOST_COLUMNS - 1) + "…";
    }

    private static String norm(double norm) {
        return String.format(Locale.ROOT, "%.6g", norm);
    }
}
