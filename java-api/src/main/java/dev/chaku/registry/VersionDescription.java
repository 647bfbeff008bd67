package dev.chaku.registry;

import dev.chaku.errors.BadInputException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What is said of a version when it is registered, and stays. Immutable.
 *
 * @param lineage what it was made of
 * @param licences of base and data
 * @param metrics of its training, by name: {@code train_loss}, {@code eval_loss} and others
 * @param note in the user's own words, empty for none
 */
public record VersionDescription(Lineage lineage, Licences licences, Map<String, Double> metrics, String note) {
    /** Copies the metrics, in their order. */
    public VersionDescription {
        metrics.forEach((metric, value) -> {
            if (!Double.isFinite(value)) {
                throw BadInputException.ofSetting("metric " + metric, "a finite number", value);
            }
        });
        metrics = Collections.unmodifiableMap(new LinkedHashMap<>(metrics));
    }

    /**
     * {@return what an adapter's own files tell of it: those of the folder that its training wrote, or what stands in
     * the file itself}
     *
     * @param adapter a GGUF adapter, or a folder with one
     * @throws BadInputException if there is none, or it is damaged
     */
    public static VersionDescription of(Path adapter) {
        return OriginFiles.of(adapter).description();
    }

    /**
     * {@return the same with another lineage}
     *
     * @param newLineage what it was made of
     */
    public VersionDescription withLineage(Lineage newLineage) {
        return new VersionDescription(newLineage, licences, metrics, note);
    }

    /**
     * {@return the same with other licences}
     *
     * @param newLicences of base and data
     */
    public VersionDescription withLicences(Licences newLicences) {
        return new VersionDescription(lineage, newLicences, metrics, note);
    }

    /**
     * {@return the same with other metrics}
     *
     * @param newMetrics by name
     */
    public VersionDescription withMetrics(Map<String, Double> newMetrics) {
        return new VersionDescription(lineage, licences, newMetrics, note);
    }

    /**
     * {@return the same with another note}
     *
     * @param newNote in the user's words
     */
    public VersionDescription withNote(String newNote) {
        return new VersionDescription(lineage, licences, metrics, newNote);
    }
}
