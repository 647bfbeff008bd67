package dev.chaku.data.doctor;

import dev.chaku.data.Example;
import dev.chaku.data.doctor.Finding.Severity;
import java.util.List;

/** Examples of the test data that the training data give away. */
final class LeakCheck implements Check {
  private final List<Example> examples;
  private final List<Example> test;
  private final DigestTable byPrompt = new DigestTable();
  private final DigestTable byText = new DigestTable();
  private final MinHash hashes = new MinHash();
  private int seen;

  /**
   * @param examples that will be seen, in this order
   * @param test which are read at the end
   */
  LeakCheck(List<Example> examples, List<Example> test) {
    this.examples = examples;
    this.test = test;
  }

  @Override
  public void see(Sample sample) {
    int number = seen++;
    byText.putIfAbsent(digest(sample.text()), number);
    if (!sample.prompt().isBlank()) {
      byPrompt.putIfAbsent(digest(sample.prompt()), number);
    }
    hashes.add(number, MinHash.sketch(sample.text()));
  }

  @Override
  public void tell(List<Finding> findings) {
    FindingBuilder leak = new FindingBuilder("test-leak", Severity.ERROR);
    FindingBuilder near = new FindingBuilder("near-test-leak", Severity.WARNING);
    for (Example example : test) {
      Sample sample = Sample.of(example);
      int equal = byText.get(digest(sample.text()));
      int trained = equal < 0 && !sample.prompt().isBlank() ? byPrompt.get(digest(sample.prompt())) : equal;
      int similar = trained < 0 ? hashes.similar(MinHash.sketch(sample.text())) : -1;
      if (trained >= 0) {
        leak.at(sample.source(), () -> "asked in " + Sample.place(examples.get(trained)));
      } else if (similar >= 0) {
        near.at(sample.source(), () -> "much as " + Sample.place(examples.get(similar)));
      }
    }
    leak.into(
        findings,
        "Test examples whose prompt or text is trained on",
        "The test then measures memory, and its loss looks better than the model is.",
        "Leave them out of the training data; split by prompt, as chaku data split does.");
    near.into(
        findings,
        "Test examples that differ little from ones that are trained on",
        "They make the test easier than what comes in use.",
        "Leave one of the two out.");
  }

  private static TextDigest digest(String text) {
    return TextDigest.of(MinHash.normal(text));
  }
}
