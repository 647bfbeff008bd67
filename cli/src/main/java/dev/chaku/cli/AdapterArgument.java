package dev.chaku.cli;

import dev.chaku.Adapter;
import dev.chaku.errors.BadInputException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/**
 * An adapter on the command line: {@code DIR|FILE|NAME[=SCALE]}. A name is one of the registry: {@code support},
 * {@code support@3} or {@code support@production}. A file or folder of that very name goes first.
 *
 * @param name what it was called, without the scale
 * @param scale 1 unless it was given
 */
record AdapterArgument(String name, Adapter adapter, double scale) {
    /** Reads an argument and its adapter; the console is told where a file hides a version. */
    static AdapterArgument parse(String text, RegistryOption registry, Console console) {
        int equals = text.lastIndexOf('=');
        // A file may have '=' in its name.
        if (equals < 0 || exists(text)) {
            return of(text, registry, console, 1);
        }
        double scale;
        try {
            scale = Double.parseDouble(text.substring(equals + 1));
        } catch (NumberFormatException e) {
            throw BadInputException.ofSetting(
                    "adapter", "a number after '=' of " + text, "'" + text.substring(equals + 1) + "'");
        }
        if (!Double.isFinite(scale)) {
            throw BadInputException.ofSetting("adapter", "a finite scale after '=' of " + text, scale);
        }
        return of(text.substring(0, equals), registry, console, scale);
    }

    private static AdapterArgument of(String name, RegistryOption registry, Console console, double scale) {
        return new AdapterArgument(name, Adapter.load(registry.locate(name, console)), scale);
    }

    private static boolean exists(String text) {
        try {
            return Files.exists(Path.of(text));
        } catch (InvalidPathException e) {
            return false;
        }
    }
}
