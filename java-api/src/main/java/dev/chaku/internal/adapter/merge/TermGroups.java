package dev.chaku.internal.adapter.merge;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The terms of a tensor by the rows that they are added to. Thread-safe. */
final class TermGroups {
    private final List<LowRankTerm> terms;
    private final int columns;
    private final Map<List<LowRankTerm>, TermGroup> known = new ConcurrentHashMap<>();

    /** Takes up neighbouring rows. */
    @FunctionalInterface
    interface Visitor {
        /**
         * Takes up rows that have the same terms.
         *
         * @param from the first of them, counted from the first that is visited
         */
        void visit(TermGroup group, int from, int count);
    }

    TermGroups(List<LowRankTerm> terms, int columns) {
        this.terms = List.copyOf(terms);
        this.columns = columns;
    }

    /** Whether a term adds anything to a row. */
    boolean touch(long row) {
        return terms.stream().anyMatch(term -> term.touches(row));
    }

    /** Visits rows in runs that have the same terms, from the first row of the tensor on. */
    void visit(long first, int count, Visitor visitor) {
        for (int row = 0; row < count; ) {
            List<LowRankTerm> own = of(first + row);
            int end = row + 1;
            while (end < count && of(first + end).equals(own)) {
                end++;
            }
            visitor.visit(known.computeIfAbsent(own, terms -> new TermGroup(terms, columns)), row, end - row);
            row = end;
        }
    }

    private List<LowRankTerm> of(long row) {
        List<LowRankTerm> own = new ArrayList<>();
        for (LowRankTerm term : terms) {
            if (term.rows().local(row) >= 0) {
                own.add(term);
            }
        }
        return own;
    }
}
