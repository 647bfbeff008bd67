package dev.chaku.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;

/** All verbs, as picocli knows them, so that tests cannot forget one. */
final class Verbs {
    private Verbs() {}

    /** By what a user types, such as {@code data check}; groups and {@code help} are not among them. */
    static Map<String, CommandSpec> all() {
        Map<String, CommandSpec> verbs = new TreeMap<>();
        collect(new CommandLine(new Main(), new VerbFactory(null, new String[0])), new ArrayList<>(), verbs);
        return verbs;
    }

    private static void collect(CommandLine line, List<String> path, Map<String, CommandSpec> into) {
        if (line.getCommandSpec().userObject() instanceof Verb) {
            into.put(String.join(" ", path), line.getCommandSpec());
        }
        line.getSubcommands().forEach((name, sub) -> {
            List<String> longer = new ArrayList<>(path);
            longer.add(name);
            collect(sub, longer, into);
        });
    }
}
