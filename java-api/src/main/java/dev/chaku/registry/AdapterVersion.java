package dev.chaku.registry;

import dev.chaku.internal.adapter.AdapterKeys;
import dev.chaku.internal.registry.JsonText;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A version of an adapter, as it stood when it was read. Immutable.
 *
 * @param name of the adapter
 * @param number from 1; one that was given once is not given again
 * @param created when it was registered
 * @param createdBy the user of the system who registered it
 * @param description what was said of it then
 * @param standing what became of it since
 * @param sha256 of the adapter's file
 * @param bytes of the adapter's file
 * @param folder where its files are; they are not to be changed
 */
public record AdapterVersion(
        String name,
        int number,
        Instant created,
        String createdBy,
        VersionDescription description,
        Standing standing,
        String sha256,
        long bytes,
        Path folder) {

    /**
     * What changes of a version.
     *
     * @param state candidate, production or archived
     * @param tags the user's own words, sorted
     * @param checks what it was put to, the newest of each name, the oldest first
     */
    public record Standing(VersionState state, List<String> tags, List<Check> checks) {
        /** Of a version that was just registered. */
        static final Standing NEW = new Standing(VersionState.CANDIDATE, List.of(), List.of());

        /** Copies the lists. */
        public Standing {
            tags = tags.stream().sorted().distinct().toList();
            checks = List.copyOf(checks);
        }

        Standing withState(VersionState newState) {
            return new Standing(newState, tags, checks);
        }

        Standing withTags(List<String> newTags) {
            return new Standing(state, newTags, checks);
        }

        Standing withChecks(List<Check> newChecks) {
            return new Standing(state, tags, newChecks);
        }
    }

    /** {@return the name and number, such as {@code support@3}} */
    public String reference() {
        return name + "@" + number;
    }

    /** {@return where it stands} */
    public VersionState state() {
        return standing.state();
    }

    /** {@return the adapter's file, for {@code Adapter.load}} */
    public Path file() {
        return folder.resolve(AdapterKeys.FILE_NAME);
    }

    /** {@return all metrics by name: those of the training, and those of checks, of which the newest wins} */
    public Map<String, Double> metrics() {
        Map<String, Double> all = new LinkedHashMap<>(description.metrics());
        standing.checks().forEach(check -> all.putAll(check.metrics()));
        return Collections.unmodifiableMap(all);
    }

    /**
     * {@return the newest check of a name}
     *
     * @param check its name
     */
    public Optional<Check> check(String check) {
        return standing.checks().stream()
                .filter(done -> done.name().equals(check))
                .findFirst();
    }

    /** {@return all that is known of it, as one JSON object} */
    public String json() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("reference", reference());
        json.put("name", name);
        json.put("version", number);
        json.put("state", state().label());
        json.put("tags", standing.tags());
        json.put("created", created.toString());
        json.put("created_by", createdBy);
        json.put("note", description.note());
        json.put("path", file().toString());
        json.put("sha256", sha256);
        json.put("bytes", bytes);
        json.putAll(VersionFile.lineage(description.lineage()));
        json.put("base_license", description.licences().base());
        json.put("data_license", description.licences().data());
        json.put("metrics", metrics());
        json.put("checks", standing.checks().stream().map(NameState::toJson).toList());
        return JsonText.of(json);
    }

    @Override
    public String toString() {
        return reference() + " (" + state().label() + ")";
    }
}
