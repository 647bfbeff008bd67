package dev.chaku.data.doctor;

import dev.chaku.data.Example;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Gathers what examples are made of. */
final class ContentMeasure {
    private static final double MOSTLY = 0.7;

    private final Map<String, Integer> kinds = new TreeMap<>();
    private final Map<String, Integer> roles = new TreeMap<>();
    private final Map<String, Integer> languages = new TreeMap<>();
    private final Map<String, Integer> scripts = new TreeMap<>();
    private final IntSeries characters = new IntSeries();
    private final IntSeries turns = new IntSeries();
    private final LabelCounts labels = new LabelCounts();
    private final Map<String, long[]> files = new LinkedHashMap<>();
    private int json;
    private int withTools;
    private int severalTurns;
    private int withPrompt;

    void see(Sample sample, long tokens, long trained) {
        kinds.merge(sample.kind(), 1, Integer::sum);
        int length = sample.characters();
        characters.add(length);
        labels.see(sample);
        String language = sample.language();
        if (!language.isEmpty()) {
            languages.merge(language, 1, Integer::sum);
        }
        String script = sample.script();
        if (!script.isEmpty()) {
            scripts.merge(script, 1, Integer::sum);
        }
        json += FormatCheck.keys(sample.answer()).isPresent() ? 1 : 0;
        withPrompt += sample.prompt().isBlank() ? 0 : 1;
        List<Map<String, Object>> messages = sample.messages();
        if (!messages.isEmpty()) {
            turns.add(messages.size());
            messages.forEach(message -> roles.merge(Sample.role(message), 1, Integer::sum));
            severalTurns +=
                    messages.stream().filter(m -> Sample.role(m).equals("user")).count() > 1 ? 1 : 0;
            withTools += messages.stream().anyMatch(m -> m.containsKey("tool_calls")) ? 1 : 0;
        }
        long[] file = files.computeIfAbsent(sample.file(), name -> new long[4]);
        file[0]++;
        file[1] += length;
        file[2] += tokens;
        file[3] += trained;
    }

    Map<String, Integer> kinds() {
        return kinds;
    }

    DataContent content() {
        List<DataContent.FilePart> parts = new ArrayList<>();
        files.forEach(
                (name, sums) -> parts.add(new DataContent.FilePart(name, (int) sums[0], sums[1], sums[2], sums[3])));
        return new DataContent(
                task(), roles, languages, scripts, labels.counts(), characters.sorted(), turns.sorted(), parts);
    }

    /** The first that fits. */
    private String task() {
        int n = characters.size();
        if (all(Example.Preference.class)) {
            return "preferences between two answers";
        }
        if (all(Example.Labelled.class)) {
            return "answers that are wanted or not";
        }
        if (all(Example.Tokens.class)) {
            return "tokens made elsewhere";
        }
        if (withPrompt == 0) {
            return "plain text";
        }
        if (kinds.size() > 1) {
            return "several kinds of examples";
        }
        if (!labels.counts().isEmpty()) {
            return "classification into " + labels.counts().size() + " labels";
        }
        if (withTools * 2 > n) {
            return "use of tools";
        }
        if (json >= MOSTLY * n) {
            return "answers in JSON";
        }
        return severalTurns * 2 > n ? "conversations of several turns" : "answers to single prompts";
    }

    private boolean all(Class<? extends Example> kind) {
        return kinds.size() == 1 && kinds.containsKey(kind.getSimpleName());
    }
}
