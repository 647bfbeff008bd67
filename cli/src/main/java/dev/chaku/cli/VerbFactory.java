package dev.chaku.cli;

import picocli.CommandLine;
import picocli.CommandLine.IFactory;

/** Hands every verb the console it writes to. */
final class VerbFactory implements IFactory {
    private final Console console;
    private final String[] arguments;
    private final IFactory fallback = CommandLine.defaultFactory();

    /** @param arguments the command line as it was typed */
    VerbFactory(Console console, String[] arguments) {
        this.console = console;
        this.arguments = arguments;
    }

    @Override
    public <K> K create(Class<K> type) throws Exception {
        K made = fallback.create(type);
        if (made instanceof Verb verb) {
            verb.attach(console, arguments);
        }
        return made;
    }
}
