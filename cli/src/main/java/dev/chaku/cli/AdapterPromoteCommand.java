package dev.chaku.cli;

import dev.chaku.registry.AdapterRegistry;
import dev.chaku.registry.AdapterVersion;
import dev.chaku.registry.Gate;
import dev.chaku.registry.VersionState;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code chaku adapter promote}: a version in production. */
@Command(
        name = "promote",
        description = {
            "Puts a version in production, where name and name@production mean it; the one that was is archived.",
            "With --require it must hold gates: a bound of a metric, or a check that it passed. Exit code 3 if one does not hold."
        },
        footer = {
            "",
            "Examples:",
            "  chaku adapter promote support@3",
            "  chaku adapter promote support@latest --require 'eval_loss<1.2' --require verify",
            "  chaku adapter promote support@2 --to archived"
        })
final class AdapterPromoteCommand extends Verb {
    @Parameters(paramLabel = "NAME@VERSION", description = "The version, by its number, a tag or latest.")
    private String reference;

    @Option(
            names = "--require",
            paramLabel = "GATE",
            description =
                    "What it must hold: 'eval_loss<1.2' (or <=, >, >=), or a check such as verify; may be repeated.")
    private List<String> gates = List.of();

    @Option(
            names = "--to",
            defaultValue = "production",
            paramLabel = "STATE",
            description = "In place of production: candidate or archived.")
    private VersionState to;

    @Mixin
    private RegistryOption registry;

    @Override
    void validate() {
        if (!reference.contains("@")) {
            throw usage(
                    "expected a version, such as " + reference + "@latest or " + reference + "@3, found a name alone");
        }
        if (to != VersionState.PRODUCTION && !gates.isEmpty()) {
            throw usage("--require has no effect with --to " + to.label() + ": give one of them");
        }
        gates.forEach(Gate::parse);
    }

    @Override
    void execute() {
        AdapterRegistry opened = registry.open();
        AdapterVersion before = opened.version(reference);
        AdapterVersion after = to == VersionState.PRODUCTION
                ? opened.promote(
                        before.reference(), gates.stream().map(Gate::parse).toList())
                : opened.setAside(before.reference(), to);
        Map<String, Object> fields = Fields.of(after.json());
        fields.put("state_before", before.state().label());
        result(fields, () -> console()
                .print(after.reference() + ": "
                        + (before.state() == to
                                ? "is " + to.label() + " already"
                                : before.state().label() + " -> " + to.label())));
    }
}
