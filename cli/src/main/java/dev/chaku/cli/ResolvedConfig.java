package dev.chaku.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.chaku.io.FileFault;
import dev.chaku.io.NewFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/**
 * The options of a training as they were decided, in a file beside the adapter that {@code --config} takes: what was
 * given, on the command line or in a file, and what followed from presets, model and data.
 */
final class ResolvedConfig {
    /** Its name in a run's folder. */
    static final String NAME = "train.yaml";

    /** Where a run writes and how it is begun is not what it trains. */
    private static final Set<String> OTHERS = Set.of(
            "out",
            "config",
            "resume",
            "plan",
            "overwrite",
            "json",
            "help",
            "report",
            "general-data",
            "tensorboard",
            "register",
            "license",
            "registry",
            "preset");

    private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_./][A-Za-z0-9_./+@-]*");
    private static final Pattern WORD = Pattern.compile("(?i)(true|false|null|yes|no|on|off|~)");

    private ResolvedConfig() {}

    /** Writes the file into the folder of a run. */
    static void write(ParseResult given, Path run) {
        try {
            JsonNode decided = new ObjectMapper().readTree(Files.readString(run.resolve("config.json")));
            NewFile.at(run.resolve(NAME)).overwrite(true).write(text(given, decided));
        } catch (IOException e) {
            throw FileFault.notRead(run.resolve("config.json"), e);
        }
    }

    private static String text(ParseResult given, JsonNode decided) {
        StringBuilder yaml = new StringBuilder("# chaku train --config " + NAME + " --out DIR trains this again\n");
        for (OptionSpec option : given.commandSpec().options()) {
            String name = option.longestName().replaceFirst("^--", "");
            if (OTHERS.contains(name)) {
                continue;
            }
            JsonNode value = decided.get(name.replace('-', '_'));
            if (given.hasMatchedOption(option)) {
                line(
                        yaml,
                        name,
                        option,
                        given.matchedOption(option.longestName()).originalStringValues());
            } else if (value != null && value.isValueNode() && !isDefault(option, value) && takesEffect(name, given)) {
                line(yaml, name, option, List.of(value.asText()));
            }
        }
        return yaml.toString();
    }

    /** The default need not be said; -1 stands for what the library sees fit. */
    private static boolean isDefault(OptionSpec option, JsonNode value) {
        if (value.isNumber()) {
            String usual = option.defaultValue();
            return value.asDouble() == -1
                    || usual != null && usual.matches("[0-9.e-]+") && Double.parseDouble(usual) == value.asDouble();
        }
        return value.asText().equals(option.defaultValue());
    }

    private static boolean takesEffect(String name, ParseResult given) {
        return !(name.equals("batch-tokens") && given.hasMatchedOption("--no-packing"));
    }

    private static void line(StringBuilder yaml, String name, OptionSpec option, List<String> values) {
        if (option.arity().max() == 0) {
            yaml.append(name).append(": true\n");
        } else if (values.size() == 1) {
            yaml.append(name).append(": ").append(scalar(values.get(0))).append('\n');
        } else {
            yaml.append(name).append(":\n");
            values.forEach(value -> yaml.append("  - ").append(scalar(value)).append('\n'));
        }
    }

    /** In quotes where it could be read as something else. */
    private static String scalar(String text) {
        if (PLAIN.matcher(text).matches() && !WORD.matcher(text).matches()) {
            return text;
        }
        return "'" + text.replace("'", "''") + "'";
    }
}
