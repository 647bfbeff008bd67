package dev.chaku.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import dev.chaku.generate.FinishReason;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class MetricsTest {
    private static Answer answer(String reference, String text) {
        return new Answer(0, "test.jsonl:1", reference, text, FinishReason.STOP);
    }

    private static double score(String metric, String reference, String text) {
        return Metrics.named(metric).score(answer(reference, text));
    }

    @Test
    void exactMatchIsExactButForSpaceAtTheEnds() {
        assertEquals(1, score("exact_match", "Paris", " Paris\n"));
        assertEquals(1, score("exact_match", "é", "e\u0301"));
        assertEquals(0, score("exact_match", "Paris", "paris"));
    }

    @Test
    void labelsForgiveCaseAndWhatFollows() {
        assertEquals(1, score("label_accuracy", "spam", "Spam.\nIt offers money."));
        assertEquals(0, score("label_accuracy", "spam", "not spam"));
    }

    @Test
    void jsonIsValidAsAWhole() {
        assertEquals(1, score("json_valid", "", " {\"a\": [1, 2]} "));
        assertEquals(0, score("json_valid", "", "{\"a\": 1} and so on"));
        assertEquals(0, score("json_valid", "", "{\"a\": 1, \"a\": 2}"));
        assertEquals(0, score("json_valid", "", ""));
    }

    @Test
    void answersAreValidBySchemaFieldByField() {
        Metric metric = Metrics.jsonSchema(
                "{\"type\": \"object\", \"required\": [\"name\", \"age\"], \"additionalProperties\": false, \"properties\": {"
                        + "\"name\": {\"$ref\": \"#/$defs/word\"}, \"age\": {\"type\": \"integer\"},"
                        + " \"kind\": {\"enum\": [\"cow\", \"cat\"]}}, \"$defs\": {\"word\": {\"type\": \"string\", \"minLength\": 2}}}");
        assertEquals("json_schema", metric.name());
        Answer good = answer("", " {\n \"age\": 7, \"name\": \"\u00c4nn\"}\n");
        assertEquals(1, metric.score(good));
        assertEquals(Map.of("name", 1.0, "age", 1.0), metric.parts(good));
        Answer bad = answer("", "{\"name\": \"A\", \"kind\": \"dog\"}");
        assertEquals(0, metric.score(bad));
        assertEquals(Map.of("name", 0.0, "age", 0.0, "kind", 0.0), metric.parts(bad));
        assertEquals(0, metric.score(answer("", "{\"name\": \"Ann\", \"age\": 7, \"more\": 1}")));
        for (String text : List.of("no JSON", "", "null", "[1]")) {
            assertEquals(0, metric.score(answer("", text)), text);
            assertEquals(Map.of("name", 0.0, "age", 0.0), metric.parts(answer("", text)), text);
        }
        assertThrows(BadInputException.class, () -> Metrics.jsonSchema("{\"type\": 3}"));
    }

    @Test
    void jsonFieldsCountEachField() {
        String reference = "{\"name\": \"Ann\", \"age\": 7, \"tags\": [\"a\", {\"x\": 1, \"y\": 2}]}";
        assertEquals(
                1,
                score("json_fields", reference, "{\"tags\":[\"a\",{\"y\":2.0,\"x\":1}],\"age\":7.0,\"name\":\"Ann\"}"));
        assertEquals(
                2.0 / 3,
                score("json_fields", reference, "{\"name\":\"Ann\",\"age\":8,\"tags\":[\"a\",{\"x\":1,\"y\":2}]}"),
                1e-12);
        assertEquals(
                1.0 / 4, score("json_fields", reference, "{\"name\":\"Ann\",\"size\":8}"), 1e-12, "a field too many");
        assertEquals(0, score("json_fields", reference, "no JSON"));
        assertEquals(
                Map.of("name", 1.0, "age", 0.0, "tags", 0.0),
                Metrics.jsonFields().parts(answer(reference, "{\"name\":\"Ann\",\"age\":\"7\"}")));
        BadInputException fault = assertThrows(BadInputException.class, () -> score("json_fields", "plain text", "{}"));
        assertTrue(fault.getMessage().contains("test.jsonl:1")
                && fault.getMessage().contains("plain text"));
    }

    @Test
    void whatSuitsFollowsTheReferences() {
        List<String> labels =
                IntStream.range(0, 40).mapToObj(i -> i % 2 == 0 ? "yes" : "no").toList();
        assertEquals("label_accuracy", Metrics.suited(labels).get(0).name());
        assertEquals(
                "json_fields",
                Metrics.suited(List.of("{\"a\":1}", "{\"a\":2}")).get(0).name());
        assertEquals(
                "f1",
                Metrics.suited(List.of("A sentence.", "Another one.")).get(0).name());
        assertEquals(
                "f1",
                Metrics.suited(Collections.nCopies(30, "x".repeat(100))).get(0).name());
    }

    @Test
    void unknownNamesListTheKnown() {
        BadInputException fault = assertThrows(BadInputException.class, () -> Metrics.named("bleu"));
        assertTrue(fault.getMessage().contains("chrf") && fault.getMessage().contains("'bleu'"), fault.getMessage());
    }

    @Test
    void confusionHasAColumnForOthers() {
        Confusion table = Confusion.of(List.of(
                        answer("yes", "Yes."), answer("yes", "no"), answer("no", "perhaps"), answer("No", "no")))
                .orElseThrow();
        assertEquals(List.of("yes", "no"), table.labels());
        assertEquals(List.of(List.of(1, 1, 0), List.of(0, 1, 1)), table.counts());
        assertTrue(Confusion.of(List.of(answer("yes", "yes"))).isEmpty());
    }
}
