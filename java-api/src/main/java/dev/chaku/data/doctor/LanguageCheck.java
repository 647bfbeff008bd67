package dev.chaku.data.doctor;

import dev.chaku.data.doctor.Finding.Severity;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Answers in another language than the most. */
final class LanguageCheck implements Check {
  private final Map<String, FindingBuilder> languages = new TreeMap<>();

  @Override
  public void see(Sample sample) {
    String language = sample.language();
    if (!language.isEmpty()) {
      languages
          .computeIfAbsent(language, name -> new FindingBuilder("mixed-languages", Severity.NOTE))
          .at(sample.source(), language + ": " + sample.answer());
    }
  }

  @Override
  public void tell(List<Finding> findings) {
    if (languages.isEmpty()) {
      return;
    }
    String most = usual();
    Map<String, FindingBuilder> compared = new LinkedHashMap<>(languages);
    if (most.equals("japanese")) {
      compared.remove("han"); // Short Japanese answers may have no kana.
    }
    if (Languages.isLatin(most) && !most.equals(Languages.LATIN)) {
      compared.remove(Languages.LATIN); // It may be the same.
    }
    String counts =
        languages.entrySet().stream().map(e -> e.getKey() + " " + e.getValue().count()).collect(Collectors.joining(", "));
    FindingBuilder.joined(compared.values(), languages.get(most))
        .into(
            findings,
            "Answers in several languages: " + counts,
            "A few answers in another language than the rest can make the model switch languages unasked.",
            "Make sure that each answers a question in its language; else leave them out.");
  }

  /** The language of the most answers; of those in Latin letters one that can be told, if there is any. */
  private String usual() {
    FindingBuilder largest = FindingBuilder.largest(languages.values());
    if (largest != languages.get(Languages.LATIN)) {
      return languages.entrySet().stream().filter(e -> e.getValue() == largest).findFirst().orElseThrow().getKey();
    }
    Map<String, FindingBuilder> named = new TreeMap<>(languages);
    named.keySet().removeIf(name -> !Languages.isLatin(name) || name.equals(Languages.LATIN));
    if (named.isEmpty()) {
      return Languages.LATIN;
    }
    FindingBuilder most = FindingBuilder.largest(named.values());
    return named.entrySet().stream().filter(e -> e.getValue() == most).findFirst().orElseThrow().getKey();
  }
}
