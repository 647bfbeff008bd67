package dev.chaku.internal.generate.grammar;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.generate.OutputForm;
import dev.chaku.internal.json.JsonText;
import dev.chaku.internal.json.JsonTree;
import dev.chaku.text.Tokenizer;
import dev.chaku.text.TokenizerGoldens;
import dev.chaku.text.Tokenizers;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * Random texts within schemas of realistic size for a vocabulary of 151 thousand tokens: all of them end as JSON. With
 * {@code -Dchaku.masks.out=FILE} more of them, and FILE gets what compiling and the mask of each token took; no time is
 * asserted.
 */
class RealVocabularyTest {
    private static final int MOST_TOKENS = 400; // then the text is closed
    private static final int LATER_TEXTS = 9;

    /** Nanoseconds of one form in one round. */
    private static final class Times {
        private final List<Long> first = new ArrayList<>();
        private final List<Long> later = new ArrayList<>();
        private long compile;
    }

    @Test
    void textsWithinSchemasEndAsJson() throws IOException {
        String out = System.getProperty("chaku.masks.out");
        Tokenizer tokenizer = Tokenizers.of(TokenizerGoldens.qwen());
        int warming = out == null ? 0 : 3;
        int rounds = out == null ? 1 : 10;
        List<String> lines = new ArrayList<>();
        for (Map.Entry<String, String> schema : schemas().entrySet()) {
            List<Times> all = new ArrayList<>();
            for (int round = 0; round < warming + rounds; round++) {
                Times times = round(new FormCompiler(tokenizer), OutputForm.jsonSchema(schema.getValue()), round);
                if (round >= warming) {
                    all.add(times);
                }
            }
            lines.add(JsonText.of(row(schema.getKey(), tokenizer.vocabSize(), all)));
        }
        assertEquals(schemas().size(), lines.size());
        if (out != null) {
            Files.write(Path.of(out), lines);
        }
    }

    private static Map<String, Object> row(String schema, int vocabSize, List<Times> all) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("measure", "mask");
        row.put("shape", schema);
        row.put("tokens", vocabSize);
        row.put("program", "chaku");
        long[] compiles =
                all.stream().mapToLong(times -> times.compile).sorted().toArray();
        row.put(
                "compile_ms",
                Map.of(
                        "median", compiles[compiles.length / 2] / 1e6,
                        "least", compiles[0] / 1e6,
                        "most", compiles[compiles.length - 1] / 1e6));
        List<Long> first = all.stream().flatMap(times -> times.first.stream()).toList();
        List<Long> later = all.stream().flatMap(times -> times.later.stream()).toList();
        List<Long> both = new ArrayList<>(first);
        both.addAll(later);
        putPercentiles(row, "first", first);
        putPercentiles(row, "later", later);
        putPercentiles(row, "all", both);
        return row;
    }

    private static void putPercentiles(Map<String, Object> row, String what, List<Long> nanos) {
        long[] sorted = nanos.stream().mapToLong(Long::longValue).sorted().toArray();
        row.put(what + "_p50_us", sorted[(sorted.length - 1) / 2] / 1e3);
        row.put(what + "_p99_us", sorted[(int) Math.ceil(0.99 * sorted.length) - 1] / 1e3);
        row.put(what + "_most_us", sorted[sorted.length - 1] / 1e3);
    }

    private static Times round(FormCompiler compiler, OutputForm form, int seed) {
        Times times = new Times();
        long begin = System.nanoTime();
        CompiledForm compiled = compiler.compile(form);
        times.compile = System.nanoTime() - begin;
        Random random = new Random(seed);
        write(compiled, random, times.first);
        for (int text = 0; text < LATER_TEXTS; text++) {
            write(compiled, random, times.later);
        }
        return times;
    }

    /** A text whose tokens are drawn from all that may come, closed after so many. */
    private static void write(CompiledForm form, Random random, List<Long> nanos) {
        FormCursor cursor = form.begin();
        int[] room = new int[form.vocabSize()];
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        for (int written = 0; written < MOST_TOKENS && !cursor.isEnd(); written++) {
            long begin = System.nanoTime();
            int only = cursor.onlyToken(); // finds the mask
            nanos.add(System.nanoTime() - begin);
            int token = only >= 0 ? only : room[random.nextInt(cursor.allowed(room))];
            if (form.trie().isEnd(token)) {
                break;
            }
            assertTrue(cursor.accept(token));
            text.writeBytes(form.bytes(token));
        }
        for (int token : cursor.isComplete() ? new int[0] : cursor.shortestEnd()) {
            long begin = System.nanoTime();
            assertTrue(cursor.allows(token));
            nanos.add(System.nanoTime() - begin);
            assertTrue(cursor.accept(token));
            text.writeBytes(form.bytes(token));
        }
        assertTrue(cursor.isComplete());
        assertTrue(JsonTree.parse("text", text.toString(StandardCharsets.UTF_8)) != null);
    }

    private static Map<String, String> schemas() {
        Map<String, String> schemas = new LinkedHashMap<>();
        schemas.put("a list of orders", """
                {"type": "array", "minItems": 3, "items": {"type": "object",
                  "properties": {
                    "id": {"type": "integer", "minimum": 0}, "name": {"type": "string", "maxLength": 40},
                    "kind": {"enum": ["new", "used", "broken"]}, "price": {"type": ["number", "null"]}},
                  "required": ["id", "name", "kind"], "additionalProperties": false}}
                """);
        schemas.put("a person with formats and patterns", """
                {"type": "object",
                  "properties": {
                    "id": {"type": "string", "format": "uuid"}, "born": {"type": "string", "format": "date"},
                    "seen": {"type": "string", "format": "date-time"}, "mail": {"type": "string", "format": "email"},
                    "phone": {"type": "string", "pattern": "^\\\\+[1-9][0-9]{6,14}$"},
                    "about": {"type": "string", "minLength": 20, "maxLength": 400},
                    "tags": {"type": "array", "items": {"type": "string", "maxLength": 20}, "maxItems": 8},
                    "address": {"type": "object", "properties": {
                      "street": {"type": "string"}, "city": {"type": "string"}, "zip": {"type": "string", "pattern": "^[0-9]{5}$"}},
                      "required": ["street", "city", "zip"], "additionalProperties": false}},
                  "required": ["id", "born", "seen", "mail", "phone", "about", "tags", "address"],
                  "additionalProperties": false}
                """);
        schemas.put("a tree by reference", """
                {"$ref": "#/$defs/node", "$defs": {"node": {"type": "object",
                  "properties": {
                    "name": {"type": "string"}, "value": {"anyOf": [{"type": "number"}, {"type": "string"}, {"type": "boolean"}]},
                    "children": {"type": "array", "items": {"$ref": "#/$defs/node"}, "maxItems": 5}},
                  "required": ["name", "value", "children"], "additionalProperties": false}}}
                """);
        schemas.put("any object of JSON", "{\"type\": \"object\"}");
        schemas.put(
                "one of ten calls",
                IntStream.range(0, 10)
                        .mapToObj("""
                        {"type": "object", "properties": {"name": {"const": "tool_%d"}, "arguments": {"type": "object",
                          "properties": {"query": {"type": "string"}, "limit": {"type": "integer", "minimum": 1, "maximum": 100},
                            "verbose": {"type": "boolean"}},
                          "required": ["query"], "additionalProperties": false}},
                         "required": ["name", "arguments"], "additionalProperties": false}"""::formatted)
                        .collect(Collectors.joining(", ", "{\"anyOf\": [", "]}")));
        String[] types = {
            "{\"type\": \"string\"}",
            "{\"type\": \"integer\"}",
            "{\"type\": \"boolean\"}",
            "{\"type\": \"number\"}",
            "{\"enum\": [\"low\", \"middle\", \"high\"]}"
        };
        schemas.put(
                "100 properties",
                IntStream.range(0, 100)
                        .mapToObj(i -> "\"property_" + i + "\": " + types[i % types.length])
                        .collect(Collectors.joining(
                                ", ",
                                "{\"type\": \"object\", \"additionalProperties\": false, \"properties\": {",
                                "}, \"required\": ["
                                        + IntStream.range(0, 100)
                                                .mapToObj(i -> "\"property_" + i + "\"")
                                                .collect(Collectors.joining(", "))
                                        + "]}")));
        return schemas;
    }
}
