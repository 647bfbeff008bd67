package dev.chaku.eval;

import java.util.Map;

/**
 * A measure of answers; those of the library are in {@link Metrics}. A program adds its own by a class that implements
 * this interface; one that a command line names needs a public constructor without arguments. Called from one thread.
 */
public interface Metric {
    /** {@return the name, in small letters, digits and underscores: a key of results} */
    String name();

    /**
     * {@return how good an answer is; the mean over all is the result} More is better.
     *
     * @param answer with the reference
     */
    double score(Answer answer);

    /**
     * {@return scores of parts of an answer, by name, for instance one for each field of a JSON object; none unless a
     * metric has parts} Their means are reported beside the metric's own.
     *
     * @param answer with the reference
     */
    default Map<String, Double> parts(Answer answer) {
        return Map.of();
    }
}
