package dev.chaku.data.doctor;

import java.util.List;

/**
 * One kind of defect and where it stands.
 *
 * @param id stable name, such as {@code empty-answer}
 * @param severity how much it matters
 * @param count of the examples concerned
 * @param title what was found, in one line
 * @param why it matters for training
 * @param fix what to do; what {@link DataFixer} does, where it can
 * @param places the first of them
 */
public record Finding(
        String id, Severity severity, int count, String title, String why, String fix, List<Place> places) {
    /** How much a finding matters. */
    public enum Severity {
        /** Training on it fails or teaches what is wrong. */
        ERROR,
        /** Training works, and worse than it could. */
        WARNING,
        /** Worth to know. */
        NOTE
    }

    /**
     * Where.
     *
     * @param source {@code file:line}
     * @param detail what stands there, in a few words; often empty
     */
    public record Place(String source, String detail) {}

    public Finding {
        places = List.copyOf(places);
    }
}
