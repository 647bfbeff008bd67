package dev.chaku;

import static dev.chaku.ReferenceJson.list;

import dev.chaku.internal.arch.family.ModelFamilies;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Small models of families with the logits that they should give: those of the reference, and a few of the repository,
 * which every checkout has. What the tests of families cover.
 */
final class FamilyModels {
    static final String FOLDER = "parity/tiny";

    /**
     * A model.
     *
     * @param folder where its files are
     * @param entry what the index there says of it
     */
    record Entry(Path folder, Map<String, Object> entry) {
        String name() {
            return entry.get("name").toString();
        }

        String architecture() {
            return entry.get("arch").toString();
        }

        Path file() {
            return folder.resolve(entry.get("file").toString());
        }

        /** Whether its weights are floats: a step of a parameter then moves the loss smoothly. */
        boolean isFloat() {
            return list(entry.get("weight_types")).equals(List.of("F32"));
        }
    }

    private FamilyModels() {}

    /** Whether those of the reference are there. */
    static boolean areAllThere() {
        return ReferenceData.has(FOLDER);
    }

    /** Those of the repository. */
    static List<Entry> own() {
        return read(SmallModels.OWN);
    }

    /** Those of the reference, if they are there, and of the repository those of other families. */
    static List<Entry> all() {
        List<Entry> all = new ArrayList<>();
        if (areAllThere()) {
            all.addAll(read(ReferenceData.require(FOLDER)));
        }
        Set<String> there = all.stream().map(Entry::architecture).collect(Collectors.toSet());
        own().stream().filter(entry -> !there.contains(entry.architecture())).forEach(all::add);
        return all;
    }

    private static List<Entry> read(Path folder) {
        return list(ReferenceJson.read(folder.resolve("index.json"))).stream()
                .map(ReferenceJson::object)
                .map(entry -> new Entry(folder, entry))
                .filter(entry -> ModelFamilies.architectures().contains(entry.architecture()))
                .toList();
    }

    /** All architectures but the encoders, of which nothing is adapted. */
    static Set<String> thatGenerate() {
        Set<String> all = new HashSet<>(ModelFamilies.architectures());
        EncoderModels.all().forEach(golden -> all.remove(golden.architecture()));
        return all;
    }
}
