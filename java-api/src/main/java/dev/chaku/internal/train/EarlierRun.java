package dev.chaku.internal.train;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.chaku.errors.BadInputException;
import dev.chaku.internal.io.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What an output folder tells of the run that wrote it: its settings, with the hashes of base and data.
 *
 * @param settings by name, as they are shown
 */
public record EarlierRun(Path folder, Map<String, String> settings) {
    /** The file with a run's settings. */
    public static final String CONFIG = "config.json";

    /** What is compared of a setting that a run was not told. */
    static final String NOT_SET = "not set";
    /** A setting that is there only where it is not the usual one. */
    private static final String SAVED = "modules_to_save";

    /** A file of settings without these is another program's, or tells too little to compare. */
    private static final List<String> REQUIRED = List.of("base_model_sha256", "training_examples_sha256");

    /**
     * Reads what a folder tells; empty if it is missing or nothing is in it.
     *
     * @throws BadInputException if what is in it is no run's
     */
    public static Optional<EarlierRun> in(Path folder) {
        List<String> entries = OutputFolder.entries(folder);
        if (entries.isEmpty()) {
            return Optional.empty();
        }
        Map<String, String> settings =
                Files.isRegularFile(folder.resolve(CONFIG)) ? values(folder.resolve(CONFIG)) : Map.of();
        if (!settings.keySet().containsAll(REQUIRED)) {
            throw new BadInputException(folder
                    + ": expected the output folder of an earlier run, or an empty one, found files of something else ("
                    + String.join(", ", entries.subList(0, Math.min(3, entries.size())))
                    + (entries.size() > 3 ? ", ..." : "")
                    + "); name another folder");
        }
        return Optional.of(new EarlierRun(folder, settings));
    }

    /** The values of a flat JSON object as texts; none of what is no such object. */
    static Map<String, String> values(Path file) {
        Map<String, String> values = new LinkedHashMap<>();
        try (JsonParser json = Json.FACTORY.createParser(Files.readAllBytes(file))) {
            while (json.nextToken() != null) {
                if (json.currentToken().isScalarValue()) {
                    values.put(String.valueOf(json.currentName()), json.getText());
                } else if (json.currentToken() == JsonToken.START_OBJECT && !values.isEmpty()) {
                    return Map.of();
                }
            }
            return values;
        } catch (IOException e) {
            return Map.of();
        }
    }

    /**
     * Checks that a run of these settings would have given what this one did.
     *
     * @param what the folder or checkpoint that is gone on from, for the message
     * @param then by name, of the run so far
     * @param now by name, all that decide the result
     * @throws BadInputException with every difference
     */
    public static void requireSame(Path what, Map<String, String> then, Map<String, String> now) {
        StringBuilder differences = new StringBuilder();
        Map<String, String> all = new LinkedHashMap<>(now);
        if (then.containsKey(SAVED)) {
            all.putIfAbsent(SAVED, NOT_SET);
        }
        all.forEach((name, value) -> {
            String before = then.getOrDefault(name, NOT_SET);
            if (!value.equals(before)) {
                differences
                        .append(differences.isEmpty() ? "" : "; ")
                        .append(label(name) + ": expected " + before + " as in the run so far, found " + value);
            }
        });
        if (!differences.isEmpty()) {
            throw new BadInputException(what + ": the run cannot be resumed, for its result would be another one: "
                    + differences + "; put that back, or start anew in another folder");
        }
    }

    private static String label(String name) {
        return name.endsWith("_sha256") ? name.substring(0, name.length() - 7).replace('_', ' ') + " (SHA-256)" : name;
    }
}
