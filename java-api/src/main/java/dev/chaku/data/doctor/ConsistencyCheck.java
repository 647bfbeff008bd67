package dev.chaku.data.doctor;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import dev.chaku.data.Example;
import dev.chaku.data.doctor.Finding.Severity;
import java.io.IOException;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What should be alike in all examples: kind, JSON, scripts, the balance of labels. */
final class ConsistencyCheck implements Check {
  private static final JsonFactory JSON = new JsonFactory();
  private static final double MOSTLY = 0.7;
  private static final int LABEL_CHARS = 40;
  private static final int MOST_LABELS = 50;
  private static final int UNBALANCED = 10;
  private static final int FEWEST = 20;

  @Override
  public void run(List<Sample> samples, List<Finding> findings) {
    kinds(samples, findings);
    json(samples, findings);
    scripts(samples, findings);
    labels(samples, findings);
  }

  private static void kinds(List<Sample> samples, List<Finding> findings) {
    Map<String, Integer> kinds = new TreeMap<>();
    samples.forEach(sample -> kinds.merge(sample.kind(), 1, Integer::sum));
    if (kinds.size() < 2) {
      return;
    }
    String most = kinds.entrySet().stream().max(Map.Entry.comparingByValue()).orElseThrow().getKey();
    FindingBuilder mixed = new FindingBuilder("mixed-formats", Severity.WARNING);
    samples.stream().filter(s -> !s.kind().equals(most)).forEach(s -> mixed.at(s.source(), s.kind()));
    mixed.into(
        findings,
        "Records of several kinds: " + kinds,
        "Each kind is rendered another way, so the model learns several conventions, each from fewer examples.",
        "Convert them to one kind.");
  }

  private static void json(List<Sample> samples, List<Finding> findings) {
    FindingBuilder broken = new FindingBuilder("invalid-json", Severity.ERROR);
    int valid = 0;
    int written = 0;
    for (Sample sample : samples) {
      String answer = sample.answer();
      if (answer.isBlank()) {
        continue;
      }
      written++;
      if (isJson(answer)) {
        valid++;
      } else {
        broken.at(sample.source(), answer);
      }
    }
    if (written > 0 && valid >= MOSTLY * written) {
      broken.into(
          findings,
          "Answers that are no JSON, though " + valid + " of " + written + " are",
          "The model learns to break the format as often as the data do.",
          "Mend the answers, or leave the examples out.");
    }
  }

  /** Whether the text is one JSON object or array. */
  static boolean isJson(String text) {
    String stripped = text.strip();
    if (!stripped.startsWith("{") && !stripped.startsWith("[")) {
      return false;
    }
    try (JsonParser parser = JSON.createParser(stripped)) {
      parser.nextToken();
      parser.skipChildren();
      return parser.nextToken() == null;
    } catch (IOException e) {
      return false;
    }
  }

  private static void scripts(List<Sample> samples, List<Finding> findings) {
    FindingBuilder other = new FindingBuilder("mixed-languages", Severity.NOTE);
    Map<String, Integer> counts = new TreeMap<>();
    for (Sample sample : samples) {
      counts.merge(Scripts.of(sample.answer()), 1, Integer::sum);
    }
    counts.remove("");
    String most = counts.entrySet().stream().max(Map.Entry.comparingByValue()).map(Map.Entry::getKey).orElse("");
    for (Sample sample : samples) {
      String script = Scripts.of(sample.answer());
      boolean shortJapanese = script.equals("han") && most.equals("japanese");
      if (!script.isEmpty() && !script.equals(most) && !shortJapanese) {
        other.at(sample.source(), script + ": " + sample.answer());
      }
    }
    other.into(
        findings,
        "Answers in several scripts: " + counts,
        "A few answers in another language than the rest can make the model switch languages unasked.",
        "Make sure that each answers a question in its language; else leave them out.");
  }

  private static void labels(List<Sample> samples, List<Finding> findings) {
    Map<String, Integer> labels = new HashMap<>();
    long wanted = samples.stream().filter(s -> s.example() instanceof Example.Labelled l && l.wanted()).count();
    long labelled = samples.stream().filter(s -> s.example() instanceof Example.Labelled).count();
    if (labelled > 0) {
      labels.put("wanted", (int) wanted);
      labels.put("not wanted", (int) (labelled - wanted));
    } else {
      for (Sample sample : samples) {
        if (sample.answer().length() > LABEL_CHARS || labels.size() > MOST_LABELS || sample.prompt().isEmpty()) {
          return;
        }
        labels.merge(sample.answer(), 1, Integer::sum);
      }
    }
    if (labels.size() < 2 || labels.size() * 2 > samples.size() || samples.size() < FEWEST) {
      return;
    }
    int most = labels.values().stream().max(Comparator.naturalOrder()).orElseThrow();
    FindingBuilder rare = new FindingBuilder("unbalanced-labels", Severity.WARNING);
    new TreeMap<>(labels)
        .forEach(
            (label, count) -> {
              if ((long) count * UNBALANCED < most) {
                rare.at("", label + ": " + count + " of " + samples.size());
              }
            });
    rare.into(
        findings,
        "Labels that are " + UNBALANCED + " times as rare as the most frequent (" + most + " examples)",
        "A model can be right most of the time by never saying them.",
        "Add examples of the rare labels, or repeat them.");
  }
}
