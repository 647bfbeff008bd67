package dev.chaku.data.doctor;

import dev.chaku.data.Example;
import java.util.HashMap;
import java.util.Map;

/**
 * Whether answers are labels, short ones that come again, and how often each does. Truth values of KTO are labels, too.
 */
final class LabelCounts {
    private static final int LABEL_CHARS = 40;
    private static final int MOST_LABELS = 50;
    private static final int FEWEST = 20;

    private final Map<String, Integer> answers = new HashMap<>();
    private final Map<String, Integer> wanted = new HashMap<>();
    private boolean free;
    private int examples;

    void see(Sample sample) {
        examples++;
        if (sample.example() instanceof Example.Labelled labelled) {
            wanted.merge(labelled.wanted() ? "wanted" : "not wanted", 1, Integer::sum);
        } else if (!free) {
            String answer = sample.answer();
            answers.merge(answer.length() > LABEL_CHARS ? "" : answer, 1, Integer::sum);
            free = answer.length() > LABEL_CHARS
                    || answers.size() > MOST_LABELS
                    || sample.prompt().isEmpty();
        }
    }

    int examples() {
        return examples;
    }

    /** Labels with their counts; empty where answers are no labels, or there are too few to tell. */
    Map<String, Integer> counts() {
        Map<String, Integer> labels = !wanted.isEmpty() ? wanted : free ? Map.of() : answers;
        boolean few = labels.size() < 2 || labels.size() * 2 > examples || examples < FEWEST;
        return few ? Map.of() : Map.copyOf(labels);
    }
}
