package dev.chaku.cli;

import dev.chaku.registry.AdapterRegistry;
import dev.chaku.registry.AdapterVersion;
import dev.chaku.registry.StateChange;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code chaku adapter rollback}: the version before in production again. */
@Command(
        name = "rollback",
        description = {
            "Puts the version in production again that was before the one that is, which is archived.",
            "The history keeps both; a further rollback goes further back."
        },
        footer = {"", "Examples:", "  chaku adapter rollback support"})
final class AdapterRollbackCommand extends Verb {
    @Parameters(paramLabel = "NAME", description = "The adapter.")
    private String name;

    @Mixin
    private RegistryOption registry;

    @Override
    void execute() {
        AdapterRegistry opened = registry.open();
        AdapterVersion version = opened.rollback(name);
        List<StateChange> history = opened.history(name);
        int replaced = history.get(history.size() - 1).replaced();
        Map<String, Object> fields = Fields.of(version.json());
        fields.put("replaced", replaced == 0 ? null : name + "@" + replaced);
        result(fields, () -> console()
                .print(version.reference() + " is in production again"
                        + (replaced == 0 ? "" : ", in place of " + name + "@" + replaced)));
    }
}
