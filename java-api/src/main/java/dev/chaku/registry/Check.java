package dev.chaku.registry;

import dev.chaku.errors.BadInputException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What a version was put to, such as {@code verify} or {@code eval}, and how it did. Immutable.
 *
 * @param name of the check: letters, digits, dots, dashes and underscores
 * @param passed whether it held
 * @param at when
 * @param metrics what was measured, by name; a promotion may ask for them
 */
public record Check(String name, boolean passed, Instant at, Map<String, Double> metrics) {
    /** Copies the metrics, in their order. */
    public Check {
        AdapterReference.requireWord("check", name);
        metrics.keySet().forEach(metric -> AdapterReference.requireWord("metric", metric));
        metrics.forEach((metric, value) -> {
            if (!Double.isFinite(value)) {
                throw BadInputException.ofSetting("metric " + metric, "a finite number", value);
            }
        });
        metrics = Collections.unmodifiableMap(new LinkedHashMap<>(metrics));
    }

    /**
     * {@return a check that is done now}
     *
     * @param name of the check
     * @param passed whether it held
     * @param metrics what was measured, by name
     */
    public static Check now(String name, boolean passed, Map<String, Double> metrics) {
        return new Check(name, passed, Instant.now().truncatedTo(ChronoUnit.SECONDS), metrics);
    }
}
