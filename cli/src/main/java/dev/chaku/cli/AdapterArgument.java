package dev.chaku.cli;

import dev.chaku.Adapter;
import dev.chaku.errors.BadInputException;
import java.nio.file.Files;
import java.nio.file.Path;

/** An adapter on the command line: {@code DIR|FILE[=SCALE]}. */
record AdapterArgument(Adapter adapter, double scale) {
    /** The file or folder that an argument without a scale names. */
    static Path path(String text) {
        return Path.of(text);
    }

    static AdapterArgument parse(String text) {
        int equals = text.lastIndexOf('=');
        // A file may have '=' in its name.
        if (equals < 0 || Files.exists(Path.of(text))) {
            return new AdapterArgument(Adapter.load(path(text)), 1);
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
        return new AdapterArgument(Adapter.load(path(text.substring(0, equals))), scale);
    }
}
