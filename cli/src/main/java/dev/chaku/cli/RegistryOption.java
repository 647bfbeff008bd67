package dev.chaku.cli;

import dev.chaku.errors.BadInputException;
import dev.chaku.errors.ChakuException;
import dev.chaku.registry.AdapterReference;
import dev.chaku.registry.AdapterRegistry;
import dev.chaku.registry.Check;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** Where adapters are that are named rather than files: for every verb that takes one. */
final class RegistryOption {
    @Reads
    @Option(
            names = "--registry",
            paramLabel = "DIR",
            description =
                    "The registry of adapters (the folder in CHAKU_REGISTRY, else chaku/adapters in the user's data folder).")
    private Path folder;

    /** What the arguments meant that named versions. */
    private final Map<String, String> located = new HashMap<>();

    AdapterRegistry open() {
        return folder != null ? AdapterRegistry.open(folder) : AdapterRegistry.ofUser();
    }

    /** The folder, if one is named on the command line, as an option to be typed again. */
    Object[] again(Object... command) {
        if (folder == null) {
            return command;
        }
        Object[] longer = Arrays.copyOf(command, command.length + 2);
        longer[command.length] = "--registry";
        longer[command.length + 1] = folder;
        return longer;
    }

    /** The versions that a verb's options and parameters name, as the folders of their files. */
    static List<Path> files(CommandSpec verb) {
        Optional<RegistryOption> option = verb.mixins().values().stream()
                .map(CommandSpec::userObject)
                .filter(RegistryOption.class::isInstance)
                .map(RegistryOption.class::cast)
                .findFirst();
        if (option.isEmpty()) {
            return List.of();
        }
        List<Path> files = new ArrayList<>();
        for (ArgSpec arg : Outputs.args(verb)) {
            if (Outputs.field(arg).isAnnotationPresent(Reads.class)) {
                Outputs.values(arg.getValue())
                        .forEach(text -> option.get().add(text.replaceFirst("=[^=]*$", ""), files));
            }
        }
        return files;
    }

    private void add(String text, List<Path> files) {
        if (AdapterReference.isPath(text) || !AdapterReference.looksLikeOne(text)) {
            return;
        }
        try {
            files.add(open().version(text).folder());
        } catch (BadInputException e) {
            // No version, or the name of something else: the verb tells.
        }
    }

    /**
     * The file or folder that an argument names: what is there under that name, which is said where a version has the
     * name too, or a version of the registry, every file of which is checked.
     *
     * @throws BadInputException if it is neither, or the version is damaged
     */
    Path locate(String text, Console console) {
        if (AdapterReference.isPath(text)) {
            tellOfVersion(text, console);
            return Path.of(text);
        }
        if (!AdapterReference.looksLikeOne(text)) {
            return Path.of(text); // Whoever reads it says that it is not there.
        }
        Path file = openFor(text).locate(text);
        // What the reference means may be another version when the work is done.
        located.put(
                text,
                AdapterReference.parse(text).name() + "@" + file.getParent().getFileName());
        return file;
    }

    /** The version that {@link #locate} found for a text, by its number; of a file the text itself. */
    String named(String text) {
        return located.getOrDefault(text, text);
    }

    /**
     * Writes down what an argument's version was put to, and says so; nothing where it named a file. That it cannot be
     * written is told and fails nothing.
     *
     * @param text the argument, which {@link #locate} has found
     * @param metrics what was measured; numbers that are not finite are left out
     */
    void record(String text, String check, boolean passed, Map<String, Double> metrics, Console console) {
        String reference = located.get(text);
        if (reference == null) {
            return;
        }
        Map<String, Double> finite = new LinkedHashMap<>(metrics);
        finite.values().removeIf(value -> !Double.isFinite(value));
        try {
            open().record(reference, Check.now(check, passed, finite));
            console.note("recorded: " + reference + (passed ? " passed " : " failed ") + check);
        } catch (ChakuException e) {
            console.note("note: not recorded: " + e.getMessage());
        }
    }

    private AdapterRegistry openFor(String text) {
        try {
            return open();
        } catch (BadInputException e) {
            throw new BadInputException(
                    text + ": expected an adapter, found no file or folder of that name; " + e.getMessage(), e);
        }
    }

    private void tellOfVersion(String text, Console console) {
        if (!AdapterReference.looksLikeOne(text)) {
            return;
        }
        try {
            AdapterReference reference = AdapterReference.parse(text);
            if (!open().numbers(reference.name()).isEmpty()) {
                console.note("note: " + text + " is the file or folder of that name here, not the registry's adapter "
                        + reference.name() + (reference.version().isEmpty() ? ", which is " + text + "@latest" : ""));
            }
        } catch (BadInputException e) {
            // Without a registry there is nothing to mistake it for.
        }
    }
}
