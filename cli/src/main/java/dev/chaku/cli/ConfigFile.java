package dev.chaku.cli;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import dev.chaku.errors.BadInputException;
import dev.chaku.io.FileFault;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;

/**
 * Options from a YAML file: {@code --config F} is replaced by an option for each key, put before the command line's
 * own, which therefore win. A key that is no option, and a value that its option cannot be, are told with their line
 * and column.
 */
final class ConfigFile {
    private static final String OPTION = "--config";
    /** The key of a list of maps, in place of {@link SeriesOptions#VARIANT}'s words. */
    private static final String VARIANTS = "--variants";

    private static final YAMLFactory YAML = new YAMLFactory();

    private final @Nullable Path file;
    private final CommandLine program;
    private final CommandLine verb;
    /** Where each option stands in the file: FILE:LINE:COLUMN. */
    private final Map<String, String> places = new LinkedHashMap<>();

    private final List<String> options = new ArrayList<>();
    private String[] arguments;

    private ConfigFile(@Nullable Path file, CommandLine program, CommandLine verb, String[] arguments) {
        this.file = file;
        this.program = program;
        this.verb = verb;
        this.arguments = arguments;
    }

    /** The file that the arguments name, read; without one the arguments stay as they are. */
    static ConfigFile of(CommandLine program, String[] args) {
        Path file = null;
        for (int i = 1; i < args.length; i++) {
            if (args[i].startsWith(OPTION + "=")) {
                file = Path.of(args[i].substring(OPTION.length() + 1));
            } else if (args[i - 1].equals(OPTION)) {
                file = Path.of(args[i]);
            }
        }
        CommandLine verb = args.length == 0 ? null : program.getSubcommands().get(args[0]);
        // The verbs about model files have no settings; one of them takes a model's own configuration under this name.
        if (file == null || verb == null || args[0].equals("model")) {
            return new ConfigFile(null, program, program, args);
        }
        ConfigFile config = new ConfigFile(file, program, verb, args);
        config.read();
        List<String> expanded = new ArrayList<>();
        expanded.add(args[0]);
        expanded.addAll(config.options);
        expanded.addAll(Arrays.asList(args).subList(1, args.length));
        config.arguments = expanded.toArray(String[]::new);
        return config;
    }

    /** The arguments with the file's options after the verb; the same where no file is named. */
    String[] arguments() {
        return arguments;
    }

    /** A message about an option, with the place of the option in front where it came from the file. */
    String placed(String message) {
        String name = message.replaceFirst("^(--[a-z-]+)[^a-z-].*$", "$1");
        return places.containsKey(name) ? places.get(name) + ": " + message.substring(2) : message;
    }

    private void read() {
        if (!Files.isRegularFile(file)) {
            throw new BadInputException(file + ": expected a YAML file of options, found none");
        }
        try (JsonParser yaml = YAML.createParser(file.toFile())) {
            JsonToken first = yaml.nextToken();
            if (first != JsonToken.START_OBJECT) {
                throw new BadInputException((first == null ? file : place(yaml))
                        + ": expected keys with values, one option a line, found "
                        + (first == null ? "nothing" : "none"));
            }
            while (yaml.nextToken() == JsonToken.FIELD_NAME) {
                String place = place(yaml);
                String key = yaml.currentName();
                yaml.nextToken();
                option(key, place, yaml);
            }
        } catch (JsonProcessingException e) {
            String where = e.getLocation() == null ? file.toString() : place(e.getLocation());
            throw new BadInputException(where + ": expected a YAML file of options, found what is none", e);
        } catch (IOException e) {
            throw FileFault.notRead(file, e);
        }
    }

    private void option(String key, String place, JsonParser yaml) throws IOException {
        String name = "--" + key.replace('_', '-');
        if (name.equals(VARIANTS) && verb.getCommandSpec().findOption(SeriesOptions.VARIANT) != null) {
            once(places, SeriesOptions.VARIANT, key, place);
            addUnlessGiven(SeriesOptions.VARIANT, variants(yaml));
            return;
        }
        OptionSpec option = verb.getCommandSpec().findOption(name);
        if (option == null || name.equals(OPTION) || option.usageHelp()) {
            throw unknown(
                    place,
                    "an option of " + verb.getCommandSpec().qualifiedName(),
                    key,
                    Suggestions.flags(name, verb.getCommandSpec()));
        }
        once(places, name, key, place);
        addUnlessGiven(name, words(option, name, yaml));
    }

    private static BadInputException unknown(String place, String expected, String key, List<String> flags) {
        List<String> near = flags.stream()
                .filter(flag -> flag.startsWith("--"))
                .map(flag -> flag.substring(2))
                .toList();
        return new BadInputException(place + ": expected " + expected + ", found the key '" + key + "'"
                + (near.isEmpty() ? "" : "; did you mean " + String.join(" or ", near) + "?"));
    }

    private void once(Map<String, String> taken, String name, String key, String place) {
        String earlier = taken.put(name, place);
        if (earlier != null) {
            throw new BadInputException(place + ": expected each key once, found '" + key + "' again; the first is at "
                    + earlier.substring(file.toString().length() + 1));
        }
    }

    /** A list would add to the command line's own rather than yield to it. */
    private void addUnlessGiven(String name, List<String> words) {
        boolean given = Arrays.stream(arguments).anyMatch(arg -> arg.equals(name) || arg.startsWith(name + "="));
        if (given) {
            places.remove(name);
        } else {
            options.addAll(words);
        }
    }

    /** Trainings of a series, each a map of its name and its options. */
    private List<String> variants(JsonParser yaml) throws IOException {
        if (yaml.currentToken() != JsonToken.START_ARRAY) {
            throw unfit(yaml, VARIANTS, "a list of variants, such as {name: small, rank: 8}");
        }
        List<String> words = new ArrayList<>();
        Map<String, String> names = new LinkedHashMap<>();
        while (yaml.nextToken() != JsonToken.END_ARRAY) {
            words.add(variant(yaml, names));
        }
        if (words.isEmpty()) {
            throw unfit(yaml, VARIANTS, "at least one variant");
        }
        return words;
    }

    private String variant(JsonParser yaml, Map<String, String> names) throws IOException {
        if (yaml.currentToken() != JsonToken.START_OBJECT) {
            throw unfit(yaml, VARIANTS, "keys with values: a name, and options of its own");
        }
        String begin = place(yaml);
        String name = null;
        List<Map.Entry<String, String>> values = new ArrayList<>();
        Map<String, String> keys = new LinkedHashMap<>();
        while (yaml.nextToken() == JsonToken.FIELD_NAME) {
            String place = place(yaml);
            String key = yaml.currentName();
            String flag = "--" + key.replace('_', '-');
            once(keys, flag, key, place);
            yaml.nextToken();
            if (key.equals("name")) {
                name = name(yaml, names);
            } else if (SeriesOptions.mayDiffer(verb.getCommandSpec(), flag)) {
                values(verb.getCommandSpec().findOption(flag), flag, yaml)
                        .forEach(value -> values.add(Map.entry(flag, value)));
            } else if (verb.getCommandSpec().findOption(flag) != null) {
                throw new BadInputException(
                        place + ": expected an option of one training, found the key '" + key + "', which all share");
            } else {
                throw unknown(
                        place,
                        "name or an option of a training",
                        key,
                        Suggestions.flags(flag, verb.getCommandSpec()).stream()
                                .filter(near -> SeriesOptions.mayDiffer(verb.getCommandSpec(), near))
                                .toList());
            }
        }
        if (name == null) {
            throw new BadInputException(begin + ": variants: expected a name for each, found none");
        }
        return SeriesOptions.word(name, values);
    }

    private String name(JsonParser yaml, Map<String, String> names) throws IOException {
        String name = yaml.currentToken().isScalarValue() ? yaml.getText() : "";
        if (!SeriesOptions.isName(name)) {
            throw unfit(yaml, "--name", "a name of a folder, of letters, digits and . _ = + -");
        }
        String earlier = names.put(name, place(yaml));
        if (earlier != null) {
            throw new BadInputException(place(yaml) + ": name: expected each once, found '" + name
                    + "' again; the first is at "
                    + earlier.substring(file.toString().length() + 1));
        }
        return name;
    }

    /** What a variant has of an option; false of a switch, too, which the command line may have on. */
    private List<String> values(OptionSpec option, String flag, JsonParser yaml) throws IOException {
        if (option.arity().max() == 0 && yaml.currentToken() == JsonToken.VALUE_FALSE) {
            return List.of("false");
        }
        return words(option, flag, yaml).stream()
                .map(word -> word.equals(flag) ? "true" : word.substring(flag.length() + 1))
                .toList();
    }

    /** The option as arguments, each value checked. */
    private List<String> words(OptionSpec option, String name, JsonParser yaml) throws IOException {
        List<String> words = new ArrayList<>();
        if (option.arity().max() == 0) {
            if (!yaml.currentToken().isBoolean()) {
                throw unfit(yaml, name, "true or false");
            }
            if (yaml.getBooleanValue()) {
                words.add(name);
            }
        } else if (yaml.currentToken() == JsonToken.START_ARRAY) {
            while (yaml.nextToken() != JsonToken.END_ARRAY) {
                words.add(value(name, yaml));
            }
        } else {
            words.add(value(name, yaml));
        }
        return words;
    }

    private String value(String name, JsonParser yaml) throws IOException {
        if (!yaml.currentToken().isScalarValue() || yaml.currentToken() == JsonToken.VALUE_NULL) {
            throw unfit(yaml, name, "a value or a list of values");
        }
        String word = name + "=" + yaml.getText();
        try {
            program.parseArgs(arguments[0], word);
        } catch (MissingParameterException e) {
            // The others come later.
        } catch (ParameterException e) {
            throw new BadInputException(place(yaml) + ": " + UsageFault.words(e).replaceFirst("^--", ""), e);
        }
        return word;
    }

    private BadInputException unfit(JsonParser yaml, String name, String expected) throws IOException {
        String found = yaml.currentToken() == JsonToken.START_OBJECT
                ? "keys of its own"
                : yaml.currentToken() == JsonToken.START_ARRAY
                        ? "a list"
                        : yaml.currentToken() == JsonToken.VALUE_NULL ? "nothing" : "'" + yaml.getText() + "'";
        return new BadInputException(
                place(yaml) + ": " + name.substring(2) + ": expected " + expected + ", found " + found);
    }

    private String place(JsonParser yaml) {
        return place(yaml.currentTokenLocation());
    }

    private String place(JsonLocation location) {
        return file + ":" + location.getLineNr() + ":" + location.getColumnNr();
    }
}
