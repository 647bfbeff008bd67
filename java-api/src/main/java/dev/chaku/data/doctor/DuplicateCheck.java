package dev.chaku.data.doctor;

import dev.chaku.data.Example;
import dev.chaku.data.doctor.Finding.Severity;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Examples that are equal or nearly so, and prompts with several answers. */
final class DuplicateCheck implements Check {
  private static final int SHORTEST_CHARS = 40;

  @Override
  public void run(List<Sample> samples, List<Finding> findings) {
    FindingBuilder equal = new FindingBuilder("duplicate", Severity.WARNING);
    FindingBuilder near = new FindingBuilder("near-duplicate", Severity.NOTE);
    FindingBuilder answers = new FindingBuilder("several-answers", Severity.NOTE);
    Map<String, Sample> byText = new HashMap<>();
    Map<String, Sample> byPrompt = new HashMap<>();
    MinHash hashes = new MinHash();
    for (int i = 0; i < samples.size(); i++) {
      Sample sample = samples.get(i);
      Sample first = byText.putIfAbsent(key(sample), sample);
      if (first != null) {
        equal.at(sample.source(), "as " + first.place());
        continue;
      }
      Sample asked = sample.prompt().isBlank() ? null : byPrompt.putIfAbsent(sample.prompt(), sample);
      if (asked != null) {
        answers.at(sample.source(), "asked as in " + asked.place());
      }
      String text = sample.text();
      if (text.length() < SHORTEST_CHARS) {
        continue;
      }
      Integer similar = hashes.similar(text);
      if (similar != null) {
        near.at(sample.source(), "much as " + samples.get(similar).place());
      } else {
        hashes.add(i, text);
      }
    }
    equal.into(
        findings,
        "Examples that stand there more than once",
        "They count as often as they stand there, and make the model repeat them word by word.",
        "Leave the copies out; DataFixer does.");
    near.into(
        findings,
        "Examples that differ little from another (similarity of " + MinHash.SIMILAR + " and more)",
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
