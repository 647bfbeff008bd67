package dev.chaku.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import dev.chaku.errors.BadInputException;
import dev.chaku.io.FileFault;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Options from a YAML file: {@code --config F} is replaced by an option for each key, put before the command line's
 * own, which therefore win.
 */
final class ConfigFile {
    private static final String OPTION = "--config";
    private static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory());

    private ConfigFile() {}

    /** The arguments with the file's options after the verb; the same where no file is named. */
    static String[] expand(String[] args) {
        // The verbs about model files have no settings; one of them takes a model's own configuration under this name.
        if (args.length > 0 && args[0].equals("model")) {
            return args;
        }
        Path file = null;
        for (int i = 1; i < args.length; i++) {
            if (args[i].startsWith(OPTION + "=")) {
                file = Path.of(args[i].substring(OPTION.length() + 1));
            } else if (args[i - 1].equals(OPTION)) {
                file = Path.of(args[i]);
            }
        }
        if (file == null) {
            return args;
        }
        List<String> expanded = new ArrayList<>();
        expanded.add(args[0]);
        expanded.addAll(options(file, args));
        expanded.addAll(Arrays.asList(args).subList(1, args.length));
        return expanded.toArray(String[]::new);
    }

    private static List<String> options(Path file, String[] args) {
        JsonNode root;
        try {
            if (!Files.isRegularFile(file)) {
                throw new BadInputException(file + ": expected a YAML file of options, found none");
            }
            root = YAML.readTree(file.toFile());
        } catch (JsonProcessingException e) {
            String place = e.getLocation() == null
                    ? ""
                    : " at line " + e.getLocation().getLineNr() + ", column "
                            + e.getLocation().getColumnNr();
            throw new BadInputException(file + ": expected a YAML file of options, found what is none" + place, e);
        } catch (IOException e) {
            throw FileFault.notRead(file, e);
        }
        if (root == null || !root.isObject()) {
            throw new BadInputException(file + ": expected keys with values, one option a line");
        }
        List<String> options = new ArrayList<>();
        for (Map.Entry<String, JsonNode> field : root.properties()) {
            String name = "--" + field.getKey().replace('_', '-');
            // A list would add to the command line's own rather than yield to it.
            boolean given = Arrays.stream(args).anyMatch(arg -> arg.equals(name) || arg.startsWith(name + "="));
            if (!given) {
                add(file, name, field.getValue(), options);
            }
        }
        return options;
    }

    private static void add(Path file, String name, JsonNode value, List<String> options) {
        if (value.isObject() || value.isNull()) {
            throw new BadInputException(
                    file + ": " + name.substring(2) + ": expected a value or a list, found " + value);
        }
        if (value.isArray()) {
            value.forEach(element -> options.add(name + "=" + element.asText()));
        } else if (value.isBoolean()) {
            if (value.asBoolean()) {
                options.add(name);
            }
        } else {
            options.add(name + "=" + value.asText());
        }
    }
}
