package dev.chaku.cli;

import dev.chaku.errors.BadInputException;
import dev.chaku.io.FileFault;
import dev.chaku.io.NewFile;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * What a verb reads and writes, by the marks {@link Reads} and {@link Writes} on its options, and the rule of
 * {@link NewFile} for all that it writes. Checked before every verb's work.
 */
final class Outputs {
    private final CommandSpec spec;
    private final List<Path> inputs = new ArrayList<>();

    private Outputs(CommandSpec spec) {
        this.spec = spec;
        for (ArgSpec arg : args(spec)) {
            if (field(arg).isAnnotationPresent(Reads.class)) {
                values(arg.getValue()).forEach(text -> inputs.addAll(inputPaths(text)));
            }
        }
        inputs.addAll(RegistryOption.files(spec));
    }

    /** Of a verb whose command line was read. */
    static Outputs of(CommandSpec spec) {
        return new Outputs(spec);
    }

    /** The options and parameters of a verb, those of its mixins and groups too. */
    static List<ArgSpec> args(CommandSpec spec) {
        List<ArgSpec> args = new ArrayList<>(spec.options());
        args.addAll(spec.positionalParameters());
        args.removeIf(arg -> !(arg.userObject() instanceof Field));
        return args;
    }

    static Field field(ArgSpec arg) {
        return (Field) arg.userObject();
    }

    /** A file to be written by the rule, for the moment when it is. */
    NewFile file(Path path) {
        OptionSpec overwrite = spec.findOption(OverwriteOption.NAME);
        return NewFile.at(path)
                .inputs(inputs)
                .overwrite(overwrite != null && Boolean.TRUE.equals(overwrite.getValue()))
                .remedy(OverwriteOption.NAME + " replaces it");
    }

    /**
     * Checks all that will be written.
     *
     * @param more files beside those that options name
     * @throws BadInputException if one may not be
     */
    void check(List<Path> more) {
        List<Path> files = new ArrayList<>(more);
        List<Path> folders = new ArrayList<>();
        for (ArgSpec arg : args(spec)) {
            Writes writes = field(arg).getAnnotation(Writes.class);
            if (writes != null && arg.getValue() != null) {
                Path path = Path.of(arg.getValue().toString());
                switch (writes.value()) {
                    case FILE -> files.add(path);
                    case ADDED_TO -> checkAddedTo(path);
                    case FOLDER -> folders.add(path);
                    case PREFIX -> {}
                }
            }
        }
        folders.forEach(Outputs::checkFolder);
        for (int i = 0; i < files.size(); i++) {
            Path path = files.get(i);
            boolean inNewFolder = folders.stream().anyMatch(folder -> isInNew(folder, path));
            if (!inNewFolder) {
                file(path).check();
            }
            for (Path other : files.subList(0, i)) {
                if (NewFile.isSame(path, other)) {
                    throw new BadInputException(
                            path + ": expected different files for different outputs, found the same twice");
                }
            }
        }
    }

    private static boolean isInNew(Path folder, Path file) {
        Path around = file.toAbsolutePath().normalize().getParent();
        return !Files.exists(folder) && folder.toAbsolutePath().normalize().equals(around);
    }

    private static void checkFolder(Path folder) {
        if (Files.exists(folder) && !Files.isDirectory(folder)) {
            throw new BadInputException(folder + ": expected a folder for the output, found a file");
        }
        NewFile.requireFolderCanBeMade(folder);
    }

    private void checkAddedTo(Path path) {
        if (!Files.exists(path)) {
            NewFile.requireFolderCanBeMade(path.toAbsolutePath().getParent());
            return;
        }
        file(path).overwrite(true).check();
        try (InputStream in = Files.newInputStream(path)) {
            int first = in.read();
            if (first >= 0 && first != '{') {
                throw new BadInputException(
                        path + ": expected a file of results as JSON lines to add one to, found another");
            }
        } catch (IOException e) {
            throw FileFault.notRead(path, e);
        }
    }

    /** A value as one or several texts; none for null. */
    static List<String> values(@Nullable Object value) {
        if (value instanceof Collection<?> several) {
            return several.stream().map(Object::toString).toList();
        }
        return value == null ? List.of() : List.of(value.toString());
    }

    /** {@code FILE}, {@code FILE=WEIGHT}, {@code NAME|FILE} or several files: names that are no file do not matter. */
    private static List<Path> inputPaths(String text) {
        try {
            return DataArgument.files(List.of(text));
        } catch (BadInputException e) {
            // What stands after '=' is no weight of data. It may be one of an adapter, or the verb tells what is wrong.
            int equals = text.lastIndexOf('=');
            return equals < 0 ? List.of() : List.of(Path.of(text.substring(0, equals)));
        }
    }
}
