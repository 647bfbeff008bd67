package dev.chaku.cli;

import dev.chaku.AdapterBase;
import dev.chaku.Model;
import java.util.HashMap;
import java.util.Map;

/** Adapters that lines of prompts name, each loaded once. Not thread-safe. */
final class PromptAdapters implements AutoCloseable {
    private final AdapterBase base;
    private final RegistryOption registry;
    private final Console console;
    private final boolean strict;
    private final Map<String, AdapterArgument> loaded = new HashMap<>();

    PromptAdapters(Model model, RegistryOption registry, Console console, boolean strict) {
        this.base = AdapterBase.of(model);
        this.registry = registry;
        this.console = console;
        this.strict = strict;
    }

    AdapterArgument get(String text) {
        return loaded.computeIfAbsent(text, name -> {
            AdapterArgument argument = AdapterArgument.parse(name, registry, console);
            AdapterBases.tell(console, argument.adapter().fit(base), strict);
            return argument;
        });
    }

    @Override
    public void close() {
        loaded.values().forEach(argument -> argument.adapter().close());
    }
}
