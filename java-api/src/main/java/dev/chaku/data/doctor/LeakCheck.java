package dev.chaku.data.doctor;

import dev.chaku.data.Example;
import dev.chaku.data.doctor.Finding.Severity;
import dev.chaku.internal.data.DigestTable;
import dev.chaku.internal.data.TextDigest;
import java.util.Arrays;
import java.util.List;

/**
 * Examples of the test data that the training data give away. What is kept is of the test data, which are the fewer:
 * each text and prompt by its digest, with the first training example that has it.
 */
final class LeakCheck implements Check {
    private static final int NONE = -1;
    /** In the test data many may be near copies of each other, and all of them are told. */
    private static final int CANDIDATES = 64;

    private final List<Example> examples;
    private final List<Example> test;
    private final DigestTable texts = new DigestTable();
    private final DigestTable prompts = new DigestTable();
    private final MinHash hashes = new MinHash(CANDIDATES);
    /** Of each test example the first one that has its text, and its prompt. */
    private final int[] textOf;

    private final int[] promptOf;
    /** Of those the first training example with the same text, the same prompt, and nearly the same text. */
    private final int[] trainedText;

    private final int[] trainedPrompt;
    private final int[] near;
    private int seen;

    /**
     * @param examples that will be seen, in this order
     * @param test which are read now
     */
    LeakCheck(List<Example> examples, List<Example> test) {
        this.examples = examples;
        this.test = test;
        int n = test.size();
        textOf = none(n);
        promptOf = none(n);
        trainedText = none(n);
        trainedPrompt = none(n);
        near = none(n);
        int i = 0;
        for (Example example : test) {
            Sample sample = Sample.of(example);
            textOf[i] = first(texts, sample.text(), i);
            if (textOf[i] == i) {
                hashes.add(i, MinHash.sketch(sample.text()));
            }
            if (!sample.prompt().isBlank()) {
                promptOf[i] = first(prompts, sample.prompt(), i);
            }
            i++;
        }
    }

    private static int[] none(int n) {
        int[] values = new int[n];
        Arrays.fill(values, NONE);
        return values;
    }

    private static int first(DigestTable table, String text, int number) {
        int before = table.putIfAbsent(digest(text), number);
        return before == DigestTable.NONE ? number : before;
    }

    @Override
    public void see(Sample sample) {
        int number = seen++;
        mark(trainedText, texts.get(digest(sample.text())), number);
        if (!sample.prompt().isBlank()) {
            mark(trainedPrompt, prompts.get(digest(sample.prompt())), number);
        }
        hashes.allSimilar(MinHash.sketch(sample.text()), which -> mark(near, which, number));
    }

    private static void mark(int[] marks, int which, int number) {
        if (which >= 0 && marks[which] == NONE) {
            marks[which] = number;
        }
    }

    @Override
    public void tell(List<Finding> findings) {
        FindingBuilder leak = new FindingBuilder("test-leak", Severity.ERROR);
        FindingBuilder similar = new FindingBuilder("near-test-leak", Severity.WARNING);
        for (int i = 0; i < textOf.length; i++) {
            int equal = trainedText[textOf[i]];
            int trained = equal < 0 && promptOf[i] >= 0 ? trainedPrompt[promptOf[i]] : equal;
            int close = near[textOf[i]];
            if (trained >= 0) {
                leak.at(test.get(i).source(), () -> "asked in " + Sample.place(examples.get(trained)));
            } else if (close >= 0) {
                similar.at(test.get(i).source(), () -> "much as " + Sample.place(examples.get(close)));
            }
        }
        leak.into(
                findings,
                "Test examples whose prompt or text is trained on",
                "The test then measures memory, and its loss looks better than the model is.",
                "Leave them out of the training data; split by prompt, as chaku data split does.");
        similar.into(
                findings,
                "Test examples that differ little from ones that are trained on",
                "They make the test easier than what comes in use.",
                "Leave one of the two out.");
    }

    private static TextDigest digest(String text) {
        return TextDigest.of(MinHash.normal(text));
    }
}
