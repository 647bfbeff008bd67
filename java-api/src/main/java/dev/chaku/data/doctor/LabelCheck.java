package dev.chaku.data.doctor;

import dev.chaku.data.doctor.Finding.Severity;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Answers that are labels: how often each stands there. */
final class LabelCheck implements Check {
    private static final int UNBALANCED = 10;

    private final LabelCounts labels = new LabelCounts();

    @Override
    public void see(Sample sample) {
        labels.see(sample);
    }

    @Override
    public void tell(List<Finding> findings) {
        Map<String, Integer> counts = new TreeMap<>(labels.counts());
        int most = counts.values().stream().mapToInt(Integer::intValue).max().orElse(0);
        FindingBuilder rare = new FindingBuilder("unbalanced-labels", Severity.WARNING);
        counts.forEach((label, count) -> {
            if ((long) count * UNBALANCED < most) {
                rare.at("", label + ": " + count + " of " + labels.examples());
            }
        });
        rare.into(
                findings,
                "Labels that are " + UNBALANCED + " times as rare as the most frequent (" + most + " examples)",
                "A model can be right most of the time by never saying them.",
                "Add examples of the rare labels, or repeat them.");
    }
}
