package dev.chaku.data.doctor;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.chaku.data.doctor.Finding.Severity;
import dev.chaku.internal.io.Json;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;

/** What should be alike in all examples: their kind, and the form of their answers where most are JSON. */
final class FormatCheck implements Check {
    private static final double MOSTLY = 0.7;
    private static final int MOST_SHAPES = 100;

    private final Map<String, FindingBuilder> kinds = new TreeMap<>();
    /** JSON objects by their keys. */
    private final Map<String, FindingBuilder> shapes = new LinkedHashMap<>();

    private final FindingBuilder broken = new FindingBuilder("invalid-json", Severity.ERROR);
    private int valid;
    private int written;

    @Override
    public void see(Sample sample) {
        kinds.computeIfAbsent(sample.kind(), kind -> new FindingBuilder("mixed-formats", Severity.WARNING))
                .at(sample.source(), sample.kind());
        String answer = sample.answer();
        if (answer.isBlank()) {
            return;
        }
        written++;
        Optional<String> keys = keys(answer);
        if (keys.isEmpty()) {
            broken.at(sample.source(), answer);
            return;
        }
        valid++;
        if (shapes.containsKey(keys.get()) || shapes.size() < MOST_SHAPES) {
            shapes.computeIfAbsent(keys.get(), k -> new FindingBuilder("inconsistent-json", Severity.WARNING))
                    .at(sample.source(), keys.get());
        }
    }

    @Override
    public void tell(List<Finding> findings) {
        Map<String, Integer> counts = new TreeMap<>();
        kinds.forEach((kind, places) -> counts.put(kind, places.count()));
        FindingBuilder.joined(kinds.values(), FindingBuilder.largest(kinds.values()))
                .into(
                        findings,
                        "Records of several kinds: " + Counted.kinds(counts),
                        "Each kind is rendered another way, so the model learns several conventions, each from fewer examples.",
                        "Convert them to one kind, such as conversations.");
        if (written == 0 || valid < MOSTLY * written) {
            return;
        }
        broken.into(
                findings,
                "Answers that are no JSON, though " + valid + " of " + written + " are",
                "The model learns to break the format as often as the data do.",
                "Mend the answers, or leave the examples out.");
        FindingBuilder most = FindingBuilder.largest(shapes.values());
        if (most.count() >= MOSTLY * valid) {
            String usual = shapes.entrySet().stream()
                    .filter(e -> e.getValue() == most)
                    .findFirst()
                    .orElseThrow()
                    .getKey();
            FindingBuilder.joined(shapes.values(), most)
                    .into(
                            findings,
                            "JSON answers with other keys than " + usual + ", which " + most.count() + " of " + valid
                                    + " have",
                            "Programs that read the answers expect the same keys each time; the model learns that they may be missing.",
                            "Give every answer the same keys, with null where there is no value.");
        }
    }

    /** The keys of a text that is one JSON object, or {@code [array]}; nothing if it is neither. */
    static Optional<String> keys(String text) {
        String stripped = text.strip();
        if (!stripped.startsWith("{") && !stripped.startsWith("[")) {
            return Optional.empty();
        }
        TreeSet<String> keys = new TreeSet<>();
        try (JsonParser parser = Json.FACTORY.createParser(stripped)) {
            if (parser.nextToken() == JsonToken.START_ARRAY) {
                parser.skipChildren();
            } else {
                while (parser.nextToken() == JsonToken.FIELD_NAME) {
                    keys.add(parser.currentName());
                    parser.nextToken();
                    parser.skipChildren();
                }
            }
            boolean whole = parser.currentToken() != null && parser.nextToken() == null;
            return whole ? Optional.of(stripped.startsWith("[") ? "[array]" : keys.toString()) : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
