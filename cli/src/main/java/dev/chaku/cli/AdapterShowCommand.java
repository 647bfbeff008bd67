package dev.chaku.cli;

import dev.chaku.errors.BadInputException;
import dev.chaku.registry.AdapterRegistry;
import dev.chaku.registry.AdapterVersion;
import dev.chaku.registry.Lineage;
import dev.chaku.registry.StateChange;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code chaku adapter show}: all that is known of a version. */
@Command(
        name = "show",
        description = "Shows what a version was made of, what it passed and what became of it; its files are checked.",
        footer = {
            "",
            "Examples:",
            "  chaku adapter show support                 the one in production, else the newest",
            "  chaku adapter show support@3",
            "  chaku adapter show support@production --json"
        })
final class AdapterShowCommand extends Verb {
    private static final String ROW = "%-20s %s";

    @Parameters(
            paramLabel = "NAME[@VERSION]",
            description = "A version: name@3, name@production, name@latest, name@TAG.")
    private String reference;

    @Mixin
    private RegistryOption registry;

    @Override
    void execute() {
        AdapterRegistry opened = registry.open();
        AdapterVersion version = opened.version(reference);
        Optional<String> damage = damage(opened, version.reference());
        List<StateChange> history = opened.history(version.name());
        Map<String, Object> fields = Fields.of(version.json());
        fields.put("whole", damage.isEmpty());
        fields.put("history", history.stream().map(AdapterShowCommand::fields).toList());
        result(fields, () -> print(version, history));
        damage.ifPresent(problem -> {
            console().error(problem);
            endWith(ExitCode.BAD_INPUT.code());
        });
    }

    /** What is said of a damaged version wherever it is named: what is wrong, and which version before it is whole. */
    private static Optional<String> damage(AdapterRegistry opened, String reference) {
        try {
            opened.resolve(reference);
            return Optional.empty();
        } catch (BadInputException e) {
            return Optional.of(e.getMessage());
        }
    }

    private static Map<String, Object> fields(StateChange change) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("at", change.at().toString());
        fields.put("by", change.by());
        fields.put("action", change.action());
        fields.put("version", change.number());
        fields.put("from", change.from().label());
        fields.put("to", change.to().label());
        fields.put("replaced", change.replaced() == 0 ? null : change.replaced());
        fields.put("gates", change.gates());
        return fields;
    }

    private void print(AdapterVersion version, List<StateChange> history) {
        Lineage lineage = version.description().lineage();
        console()
                .print(version.reference() + ": " + version.state().label()
                        + (version.standing().tags().isEmpty()
                                ? ""
                                : ", tagged "
                                        + String.join(", ", version.standing().tags())));
        row("file", version.file() + ", " + ProgressLine.bytes(version.bytes()));
        row("SHA-256", version.sha256());
        row(
                "made",
                version.created()
                        + (version.createdBy().isEmpty() ? "" : " by " + version.createdBy())
                        + (lineage.codeVersion().isEmpty() ? "" : " with chaku " + lineage.codeVersion()));
        row("note", version.description().note());
        row(
                "base",
                words(
                        lineage.base().name(),
                        lineage.base().file(),
                        lineage.base().architecture(),
                        sum(lineage.base().sha256())));
        printData(lineage.data());
        row("chat template", sum(lineage.templateSha256()));
        row("tokenizer", sum(lineage.tokenizerSha256()));
        lineage.parents()
                .forEach(parent -> row(
                        parent.isMerged() ? "merged from" : "goes on from",
                        words(
                                parent.adapter(),
                                parent.weight()
                                        .map(weight -> "weight " + weight)
                                        .orElse(""),
                                sum(parent.sha256()))));
        row("licence of base", version.description().licences().base());
        row("licence of data", version.description().licences().data());
        row(
                "metrics",
                version.metrics().entrySet().stream()
                        .map(metric -> metric.getKey() + " " + number(metric.getValue()))
                        .collect(Collectors.joining(", ")));
        version.standing()
                .checks()
                .forEach(check ->
                        row("check " + check.name(), (check.passed() ? "passed" : "failed") + ", " + check.at()));
        row(
                "settings",
                lineage.settings().entrySet().stream()
                        .map(setting -> setting.getKey() + " " + setting.getValue())
                        .collect(Collectors.joining(", ")));
        printHistory(version, history);
    }

    private void printData(Lineage.Data data) {
        if (data.examples() > 0) {
            row(
                    "data",
                    words(String.join(" ", data.files()), Words.count(data.examples(), "example"), sum(data.sha256())));
        }
        if (data.validationExamples() > 0) {
            row("validation", words(Words.count(data.validationExamples(), "example"), sum(data.validationSha256())));
        }
    }

    private void printHistory(AdapterVersion version, List<StateChange> history) {
        for (StateChange change : history) {
            if (change.number() == version.number() || change.replaced() == version.number()) {
                row(
                        "history",
                        change.at() + " " + change.action() + " " + version.name() + "@" + change.number()
                                + (change.replaced() == 0
                                        ? ""
                                        : " in place of " + version.name() + "@" + change.replaced())
                                + (change.by().isEmpty() ? "" : " by " + change.by())
                                + (change.gates().isEmpty() ? "" : ", required " + String.join(", ", change.gates())));
            }
        }
    }

    private void row(String name, String value) {
        if (!value.isEmpty()) {
            console().print(String.format(ROW, name, value));
        }
    }

    private static String words(String... words) {
        List<String> said = new ArrayList<>(List.of(words));
        said.removeIf(String::isEmpty);
        return String.join(", ", said);
    }

    private static String sum(String sha256) {
        return sha256.length() > 16 ? "SHA-256 " + sha256.substring(0, 16) + "…" : sha256;
    }

    private static String number(double value) {
        return value == Math.rint(value) && Math.abs(value) < 1e15
                ? String.format(Locale.ROOT, "%,d", (long) value)
                : String.format(Locale.ROOT, "%.4f", value);
    }
}
