package dev.chaku.benchmarks.compare;

import dev.chaku.cli.LoadBench;
import dev.chaku.generate.OutputForm;
import dev.chaku.internal.generate.grammar.CompiledForm;
import dev.chaku.internal.generate.grammar.FormCompiler;
import dev.chaku.internal.generate.grammar.FormCursor;
import dev.chaku.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What it costs to keep a text within a form: compiling, and the mask of each token. */
@Command(
        name = "benchmarks/run masks",
        sortOptions = false,
        description =
                "Compiles JSON schemas for the tokens of a vocabulary, writes random texts of each form and times the"
                        + " mask of every token: of a form's first text, which finds most of what is kept, and of the next ones.")
final class Masks implements Callable<Integer> {
    private static final int MOST_TOKENS = 400; // then the text is closed
    private static final int LATER_TEXTS = 9;

    @Option(
            names = "--vocabulary",
            paramLabel = "PATH",
            required = true,
            description = "A GGUF file, or a folder with vocab.json, merges.txt and added_tokens.json.")
    private Path vocabulary;

    @Option(names = "--quick", description = "One round of each: does it work at all?")
    private boolean quick;

    @Mixin
    private RunOptions run;

    public static void main(String[] args) {
        System.exit(new CommandLine(new Masks()).execute(args));
    }

    /** Nanoseconds of one form in one round. */
    private static final class Times {
        private final List<Long> first = new ArrayList<>();
        private final List<Long> later = new ArrayList<>();
        private long compile;
    }

    @Override
    public Integer call() throws IOException {
        Tokenizer tokenizer = FolderVocabulary.read(vocabulary);
        return run.write("masks", quick, report -> {
            report.program("chaku", Map.of("system", tokenizer.vocabSize() + " tokens"));
            for (Map.Entry<String, String> schema : schemas().entrySet()) {
                measure(report, tokenizer, schema.getKey(), OutputForm.jsonSchema(schema.getValue()));
            }
            return 0;
        });
    }

    /** Rounds with a compiler each, the first of which warm up. */
    private void measure(Report report, Tokenizer tokenizer, String name, OutputForm form) {
        int warming = quick ? 0 : 3;
        int rounds = quick ? 1 : 10;
        List<Times> all = new ArrayList<>();
        for (int round = 0; round < warming + rounds; round++) {
            Times times = round(new FormCompiler(tokenizer), form, tokenizer.vocabSize(), round);
            if (round >= warming) {
                all.add(times);
            }
        }
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("measure", "mask");
        row.put("shape", name);
        row.put("tokens", tokenizer.vocabSize());
        row.put("program", "chaku");
        Samples compile = new Samples();
        all.forEach(times -> compile.add(times.compile / 1e6));
        row.put("compile_ms", compile.fields());
        putPercentiles(
                row,
                "first",
                all.stream().flatMap(times -> times.first.stream()).toList());
        putPercentiles(
                row,
                "later",
                all.stream().flatMap(times -> times.later.stream()).toList());
        putPercentiles(
                row,
                "all",
                all.stream()
                        .flatMap(times -> List.of(times.first, times.later).stream())
                        .flatMap(List::stream)
                        .toList());
        report.row(row);
    }

    private static void putPercentiles(Map<String, Object> row, String what, List<Long> nanos) {
        long[] sorted = nanos.stream().mapToLong(Long::longValue).sorted().toArray();
        row.put(what + "_p50_us", Samples.rounded(LoadBench.percentile(sorted, 50) * 1e3));
        row.put(what + "_p99_us", Samples.rounded(LoadBench.percentile(sorted, 99) * 1e3));
        row.put(what + "_most_us", Samples.rounded(sorted[sorted.length - 1] / 1e3));
    }

    private static Times round(FormCompiler compiler, OutputForm form, int vocabSize, int seed) {
        Times times = new Times();
        long begin = System.nanoTime();
        CompiledForm compiled = compiler.compile(form);
        times.compile = System.nanoTime() - begin;
        Random random = new Random(seed);
        int[] room = new int[vocabSize];
        write(compiled, random, room, times.first);
        for (int text = 0; text < LATER_TEXTS; text++) {
            write(compiled, random, room, times.later);
        }
        return times;
    }

    /** A text whose tokens are drawn from all that may come, closed after so many. */
    private static void write(CompiledForm form, Random random, int[] room, List<Long> nanos) {
        FormCursor cursor = form.begin();
        for (int written = 0; written < MOST_TOKENS && !cursor.isEnd(); written++) {
            long begin = System.nanoTime();
            int only = cursor.onlyToken(); // finds the mask
            nanos.add(System.nanoTime() - begin);
            int n = only >= 0 ? 0 : cursor.allowed(room);
            int token = only >= 0 ? only : room[random.nextInt(n)];
            if (!cursor.accept(token)) { // it ends the text
                return;
            }
        }
        for (int token : cursor.shortestEnd()) {
            long begin = System.nanoTime();
            cursor.onlyToken();
            nanos.add(System.nanoTime() - begin);
            cursor.accept(token);
        }
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
