package dev.chaku.data.doctor;

import dev.chaku.data.doctor.Finding.Severity;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Examples of the test data that the training data give away. */
final class LeakCheck implements Check {
  private final List<Sample> test;

  LeakCheck(List<Sample> test) {
    this.test = test;
  }

  @Override
  public void run(List<Sample> samples, List<Finding> findings) {
    FindingBuilder leak = new FindingBuilder("test-leak", Severity.ERROR);
    FindingBuilder near = new FindingBuilder("near-test-leak", Severity.WARNING);
    Map<String, Sample> byPrompt = new HashMap<>();
    Map<String, Sample> byText = new HashMap<>();
    MinHash hashes = new MinHash();
    for (int i = 0; i < samples.size(); i++) {
      Sample sample = samples.get(i);
      byText.putIfAbsent(MinHash.normal(sample.text()), sample);
      if (!sample.prompt().isBlank()) {
        byPrompt.putIfAbsent(MinHash.normal(sample.prompt()), sample);
      }
      hashes.add(i, sample.text());
    }
    for (Sample sample : test) {
      Sample trained = byText.get(MinHash.normal(sample.text()));
      if (trained == null && !sample.prompt().isBlank()) {
        trained = byPrompt.get(MinHash.normal(sample.prompt()));
      }
      Integer similar = trained == null ? hashes.similar(sample.text()) : null;
      if (trained != null) {
        leak.at(sample.source(), "asked in " + trained.place());
      } else if (similar != null) {
        near.at(sample.source(), "much as " + samples.get(similar).place());
      }
    }
    leak.into(
        findings,
        "Test examples whose prompt or text is trained on",
        "The test then measures memory, and its loss looks better than the model is.",
        "Leave them out of the training data; split by prompt.");
    near.into(
        findings,
        "Test examples that differ little from ones that are trained on",
        "They make the test easier than what comes in use.",
        "Leave one of the two out.");
  }
}
