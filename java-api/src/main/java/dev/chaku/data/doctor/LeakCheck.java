package dev.chaku.data.doctor;

import dev.chaku.data.doctor.Finding.Severity;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Examples of the test data that the training data give away. */
final class LeakCheck implements Check {
  private final Iterable<Sample> test;
  private final Map<TextDigest, String> byPrompt = new HashMap<>();
  private final Map<TextDigest, String> byText = new HashMap<>();
  private final MinHash hashes = new MinHash();

  LeakCheck(Iterable<Sample> test) {
    this.test = test;
  }

  @Override
  public void see(Sample sample) {
    String place = sample.place();
    byText.putIfAbsent(digest(sample.text()), place);
    if (!sample.prompt().isBlank()) {
      byPrompt.putIfAbsent(digest(sample.prompt()), place);
    }
    hashes.add(place, MinHash.sketch(sample.text()));
  }

  @Override
  public void tell(List<Finding> findings) {
    FindingBuilder leak = new FindingBuilder("test-leak", Severity.ERROR);
    FindingBuilder near = new FindingBuilder("near-test-leak", Severity.WARNING);
    for (Sample sample : test) {
      String trained = byText.get(digest(sample.text()));
      if (trained == null && !sample.prompt().isBlank()) {
        trained = byPrompt.get(digest(sample.prompt()));
      }
      String similar = trained == null ? hashes.similar(MinHash.sketch(sample.text())) : null;
      if (trained != null) {
        leak.at(sample.source(), "asked in " + trained);
      } else if (similar != null) {
        near.at(sample.source(), "much as " + similar);
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
