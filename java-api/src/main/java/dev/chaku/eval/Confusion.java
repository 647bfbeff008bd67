package dev.chaku.eval;

import dev.chaku.internal.eval.measure.TextLikeness;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Which labels were answered for which.
 *
 * @param labels as the references write them; answers that are none of them are in a last column of their own
 * @param counts {@code counts.get(i).get(j)}: examples of label i that were answered j; one column more than labels
 */
public record Confusion(List<String> labels, List<List<Integer>> counts) {
    /** Labels beyond this number make no table that anybody reads. */
    private static final int MOST_LABELS = 50;

    public Confusion {
        labels = List.copyOf(labels);
        counts = counts.stream().map(List::copyOf).toList();
    }

    /**
     * {@return the table of these answers; empty where their references are all the same, or more than fifty labels}
     *
     * @param answers of one variant
     */
    public static Optional<Confusion> of(List<Answer> answers) {
        Set<String> folded = new LinkedHashSet<>();
        List<String> written = new ArrayList<>();
        for (Answer answer : answers) {
            if (folded.add(TextLikeness.label(answer.reference()))) {
                written.add(answer.reference().strip());
            }
        }
        if (folded.size() > MOST_LABELS || folded.size() < 2) {
            return Optional.empty();
        }
        List<String> order = List.copyOf(folded);
        Integer[][] table = new Integer[order.size()][order.size() + 1];
        for (Integer[] row : table) {
            Arrays.fill(row, 0);
        }
        for (Answer answer : answers) {
            int column = order.indexOf(TextLikeness.label(answer.text()));
            table[order.indexOf(TextLikeness.label(answer.reference()))][column < 0 ? order.size() : column]++;
        }
        return Optional.of(
                new Confusion(written, Arrays.stream(table).map(List::of).toList()));
    }
}
