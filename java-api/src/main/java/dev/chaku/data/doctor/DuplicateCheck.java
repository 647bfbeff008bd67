package dev.chaku.data.doctor;

import dev.chaku.data.Example;
import dev.chaku.data.doctor.Finding.Severity;
import dev.chaku.internal.data.DigestTable;
import dev.chaku.internal.data.TextDigest;
import java.util.List;

/**
 * Examples that are equal or nearly so, and prompts with several answers. Texts are known by their digests, examples by
 * their numbers: some 200 bytes of each are kept in memory.
 */
final class DuplicateCheck implements Check {
    private static final int SHORTEST_CHARS = 40;

    private final FindingBuilder equal = new FindingBuilder("duplicate", Severity.WARNING);
    private final FindingBuilder near = new FindingBuilder("near-duplicate", Severity.NOTE);
    private final FindingBuilder answers = new FindingBuilder("several-answers", Severity.NOTE);
    private final List<Example> examples;
    private final DigestTable byText = new DigestTable();
    private final DigestTable byPrompt = new DigestTable();
    private final MinHash hashes = new MinHash();
    private int seen;

    /** @param examples that will be seen, in this order */
    DuplicateCheck(List<Example> examples) {
        this.examples = examples;
    }

    private String place(int number) {
        return Sample.place(examples.get(number));
    }

    @Override
    public void see(Sample sample) {
        int number = seen++;
        int first = byText.putIfAbsent(TextDigest.of(key(sample)), number);
        if (first >= 0) {
            equal.at(sample.source(), () -> "as " + place(first));
            return;
        }
        int asked = sample.prompt().isBlank() ? -1 : byPrompt.putIfAbsent(TextDigest.of(sample.prompt()), number);
        if (asked >= 0) {
            answers.at(sample.source(), () -> "asked as in " + place(asked));
        }
        String text = sample.text();
        if (text.length() < SHORTEST_CHARS) {
            return;
        }
        MinHash.Sketch sketch = MinHash.sketch(text);
        int similar = hashes.similar(sketch);
        if (similar >= 0) {
            near.at(sample.source(), () -> "much as " + place(similar));
        } else {
            hashes.add(number, sketch);
        }
    }

    @Override
    public void tell(List<Finding> findings) {
        equal.into(
                findings,
                "Examples that stand there more than once",
                "They count as often as they stand there, and make the model repeat them word by word.",
                "Leave the copies out; DataFixer does.");
        near.into(
                findings,
                "Examples that differ little from another (similarity of about " + MinHash.SIMILAR + " and more)",
                "They teach little more than one of them, and cost as much as all.",
                "Keep the best of each, or vary them.");
        answers.into(
                findings,
                "Prompts with several answers",
                "Fine if all are right; if they contradict each other, the model learns to guess.",
                "Look through them, and keep those that are right.");
    }

    /** Equal for equal examples; labels and rejected answers count. */
    static String key(Sample sample) {
        boolean wanted = sample.example() instanceof Example.Labelled labelled && labelled.wanted();
        return sample.prompt() + '\u0000' + String.join("\u0001", sample.answers()) + '\u0000' + wanted;
    }
}
