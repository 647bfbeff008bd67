package dev.chaku;

import static dev.chaku.ReferenceJson.list;

import dev.chaku.internal.arch.family.ModelFamilies;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** The reference's small models of the families that we know: what the tests of families cover. */
final class FamilyModels {
    static final String FOLDER = "parity/tiny";

    /**
     * A model.
     *
     * @param entry what the reference's index says of it
     */
    record Entry(Map<String, Object> entry) {
        String name() {
            return entry.get("name").toString();
        }

        String architecture() {
            return entry.get("arch").toString();
        }

        Path file() {
            return ReferenceData.require(FOLDER).resolve(entry.get("file").toString());
        }

        /** Whether its weights are floats: a step of a parameter then moves the loss smoothly. */
        boolean isFloat() {
            return list(entry.get("weight_types")).equals(List.of("F32"));
        }
    }

    private FamilyModels() {}

    /** Whether they are there; test factories ask first. */
    static boolean areThere() {
        return ReferenceData.has(FOLDER);
    }

    /** All of them; the running test is skipped if they are not there. */
    static List<Entry> all() {
        Path index = ReferenceData.require(FOLDER).resolve("index.json");
        return list(ReferenceJson.read(index)).stream()
                .map(ReferenceJson::object)
                .map(Entry::new)
                .filter(entry -> ModelFamilies.architectures().contains(entry.architecture()))
                .toList();
    }
}
