package dev.chaku.data.doctor;

import dev.chaku.data.doctor.Finding.Severity;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Answers in another language than the most, and answers whose language cannot be told in another script than the most:
 * two lists, as a script is no language.
 */
final class LanguageCheck implements Check {
    private final Map<String, FindingBuilder> languages = new TreeMap<>();
    private final Map<String, Integer> scripts = new TreeMap<>();
    /** By script, of answers whose language cannot be told. */
    private final Map<String, FindingBuilder> untold = new TreeMap<>();

    @Override
    public void see(Sample sample) {
        String script = sample.script();
        if (script.isEmpty()) {
            return;
        }
        scripts.merge(script, 1, Integer::sum);
        String language = sample.language();
        boolean told = !language.isEmpty();
        (told ? languages : untold)
                .computeIfAbsent(
                        told ? language : script,
                        name -> new FindingBuilder(told ? "mixed-languages" : "mixed-scripts", Severity.NOTE))
                .at(sample.source(), (told ? language : script) + ": " + sample.answer());
    }

    @Override
    public void tell(List<Finding> findings) {
        if (languages.size() > 1) {
            FindingBuilder most = FindingBuilder.largest(languages.values());
            String counts = languages.entrySet().stream()
                    .map(e -> e.getKey() + " " + e.getValue().count())
                    .collect(Collectors.joining(", "));
            FindingBuilder.joined(languages.values(), most)
                    .into(
                            findings,
                            "Answers in several languages: " + counts,
                            "A few answers in another language than the rest can make the model switch languages unasked.",
                            "Make sure that each answers a question in its language; else leave them out.");
        }
        if (scripts.size() > 1) {
            tellScripts(findings);
        }
    }

    private void tellScripts(List<Finding> findings) {
        String most = DataStats.largestFirst(scripts).get(0).getKey();
        FindingBuilder others = new FindingBuilder("mixed-scripts", Severity.NOTE);
        untold.forEach((script, places) -> {
            // Short Japanese answers may have no kana.
            boolean same = script.equals(most) || script.equals(Scripts.HAN) && most.equals(Scripts.KANA);
            if (!same) {
                others.add(places);
            }
        });
        String counts = scripts.entrySet().stream()
                .map(e -> e.getKey() + " " + e.getValue())
                .collect(Collectors.joining(", "));
        others.into(
                findings,
                "Answers in several scripts: " + counts,
                "A few answers in another script than the rest can make the model switch scripts unasked.",
                "Make sure that each answers a question in its script; else leave them out.");
    }
}
