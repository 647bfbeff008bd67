package dev.chaku.data.doctor;

import dev.chaku.data.doctor.Finding.Severity;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Answers in another script than the most. */
final class LanguageCheck implements Check {
  private final Map<String, FindingBuilder> scripts = new TreeMap<>();

  @Override
  public void see(Sample sample) {
    String script = sample.script();
    if (!script.isEmpty()) {
      scripts
          .computeIfAbsent(script, name -> new FindingBuilder("mixed-languages", Severity.NOTE))
          .at(sample.source(), script + ": " + sample.answer());
    }
  }

  @Override
  public void tell(List<Finding> findings) {
    if (scripts.isEmpty()) {
      return;
    }
    Map<String, Integer> counts = new TreeMap<>();
    scripts.forEach((script, places) -> counts.put(script, places.count()));
    FindingBuilder most = FindingBuilder.largest(scripts.values());
    Map<String, FindingBuilder> others = new LinkedHashMap<>(scripts);
    if (most == scripts.get("japanese")) {
      others.remove("han"); // Short Japanese answers may have no kana.
    }
    FindingBuilder.joined(others.values(), most)
        .into(
            findings,
            "Answers in several scripts: " + counts,
            "A few answers in another language than the rest can make the model switch languages unasked.",
            "Make sure that each answers a question in its language; else leave them out.");
  }
}
