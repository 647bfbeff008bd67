package dev.chaku.internal.arch;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgufArray;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufMetadata;
import dev.chaku.gguf.GgufValue;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;

/**
 * The keys under an architecture's name. It remembers which were read, so that {@link #refuseOthers} can refuse what
 * the family does not understand. Not thread-safe.
 */
final class ArchitectureKeys {
    private final GgufFile file;
    private final GgufMetadata metadata;
    private final String prefix;
    private final Set<String> understood = new HashSet<>();

    ArchitectureKeys(GgufFile file, String architecture) {
        this.file = file;
        this.metadata = file.metadata();
        this.prefix = architecture + ".";
    }

    /** A key with the architecture's name before it; it counts as understood from now on. */
    private String full(String key) {
        understood.add(prefix + key);
        return prefix + key;
    }

    boolean has(String key) {
        return metadata.has(full(key));
    }

    /** A required integer from 1 to {@code most}. */
    int count(String key, int most) {
        return inRange(key, metadata.requireInt(full(key)), 1, most);
    }

    /** An integer from {@code least} to {@code most}, if the key is there. */
    OptionalInt findInt(String key, int least, int most) {
        OptionalInt value = metadata.findInt(full(key));
        value.ifPresent(v -> inRange(key, v, least, most));
        return value;
    }

    OptionalDouble findPositive(String key) {
        OptionalDouble value = metadata.findDouble(full(key));
        value.ifPresent(v -> positive(key, v));
        return value;
    }

    float requirePositive(String key) {
        return (float) positive(key, metadata.requireDouble(full(key)));
    }

    String string(String key, String otherwise) {
        return metadata.findString(full(key)).orElse(otherwise);
    }

    boolean bool(String key, boolean otherwise) {
        return metadata.findBool(full(key)).orElse(otherwise);
    }

    /** One integer per layer: an array, or one number for all. */
    int[] perLayer(String key, int layers, int most) {
        return perLayer(key, layers, 1, most);
    }

    /** The same, each from {@code least} to {@code most}; one number for all is at least 1. */
    int[] perLayer(String key, int layers, int least, int most) {
        int[] values = new int[layers];
        GgufValue value = metadata.find(full(key)).orElse(null);
        if (value instanceof GgufValue.Int || value == null) {
            Arrays.fill(values, count(key, most));
            return values;
        }
        int[] found = metadata.requireNumbers(prefix + key).toInts();
        if (found.length != layers) {
            throw error(key, "one number for each of " + layers + " layers", "an array of " + found.length);
        }
        for (int i = 0; i < layers; i++) {
            values[i] = inRange(key + "[" + i + "]", found[i], least, most);
        }
        return values;
    }

    /** One truth value for each layer, also as 0 and 1; nothing if the key is absent or one number. */
    Optional<boolean[]> findFlags(String key, int layers) {
        if (!(metadata.find(full(key)).orElse(null) instanceof GgufArray)) {
            return Optional.empty();
        }
        int[] found = metadata.requireNumbers(prefix + key).toInts();
        if (found.length != layers) {
            throw error(key, "one truth value for each of " + layers + " layers", "an array of " + found.length);
        }
        boolean[] flags = new boolean[layers];
        for (int i = 0; i < layers; i++) {
            flags[i] = inRange(key + "[" + i + "]", found[i], 0, 1) == 1;
        }
        return Optional.of(flags);
    }

    /** Marks a key as one that changes no number. */
    void harmless(List<String> keys) {
        keys.forEach(this::full);
    }

    /** Refuses every key of this architecture that was neither read nor declared harmless. */
    void refuseOthers() {
        for (var entry : metadata.asMap().entrySet()) {
            if (entry.getKey().startsWith(prefix) && !understood.contains(entry.getKey())) {
                throw new BadInputException(file.path() + ": metadata key '" + entry.getKey() + "' ("
                        + entry.getValue().describe()
                        + ") is not supported for architecture " + prefix.substring(0, prefix.length() - 1)
                        + " and may change the results");
            }
        }
    }

    BadInputException error(String key, String expected, String found) {
        return new BadInputException(
                file.path() + ": metadata key '" + prefix + key + "' expects " + expected + ", found " + found);
    }

    private int inRange(String key, int value, int least, int most) {
        if (value < least || value > most) {
            throw error(key, "an integer from " + least + " to " + most, Integer.toString(value));
        }
        return value;
    }

    private double positive(String key, double value) {
        if (!(value > 0) || Double.isInfinite(value)) {
            throw error(key, "a positive number", Double.toString(value));
        }
        return value;
    }
}
