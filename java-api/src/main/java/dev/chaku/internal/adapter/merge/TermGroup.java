package dev.chaku.internal.adapter.merge;

import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The terms that some rows of a tensor have in common: their directions below each other. Thread-safe. */
final class TermGroup {
    private final List<LowRankTerm> terms;
    private final int columns;
    private final int rank;
    private @Nullable ErrorFeedback feedback;

    TermGroup(List<LowRankTerm> terms, int columns) {
        this.terms = terms;
        this.columns = columns;
        this.rank = terms.stream().mapToInt(LowRankTerm::rank).sum();
    }

    /** R, of all terms together. */
    int rank() {
        return rank;
    }

    /** K. */
    int columns() {
        return columns;
    }

    /** Fills [R, K] from the position on. */
    void putDirections(FloatBuffer directions) {
        terms.forEach(term -> directions.put(term.d(), term.firstD(), term.rank() * columns));
    }

    /** Fills [R] from the position on with what directions are multiplied by for a row of the tensor. */
    void putCoefficients(long row, DoubleBuffer coefficients) {
        terms.forEach(term -> term.putCoefficients(row, coefficients));
    }

    /** How rounding makes up for its errors along the directions; computed when it is first asked for. */
    synchronized ErrorFeedback feedback() {
        if (feedback == null) {
            feedback = ErrorFeedback.of(terms, columns);
        }
        return feedback;
    }
}
