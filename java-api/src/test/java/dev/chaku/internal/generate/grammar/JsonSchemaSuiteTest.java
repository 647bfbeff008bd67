package dev.chaku.internal.generate.grammar;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.ReferenceData;
import dev.chaku.errors.BadInputException;
import dev.chaku.generate.OutputForm;
import dev.chaku.internal.json.JsonTree;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * The published JSON Schema test suite: valid instances are accepted token by token, invalid ones die, and schemas that
 * are not enforced are refused by the path of a keyword.
 */
class JsonSchemaSuiteTest {
    private static final String SUITE = "json-schema-suite/tests";
    private static final TokenTrie TRIE = Vocabularies.of(
            "{\"", "\":", "\",", "\":\"", "\"}", "},", "[{", "}]", "foo", "bar", "\"foo\":", "1,", ",2", "00");

    private static final FormatSets FORMAT_SETS = new FormatSets();

    /** Formats that a form enforces; the suite has them as an option, and asks that they are notes otherwise. */
    private static final Set<String> FORMATS =
            Set.of("date", "date-time", "time", "email", "uuid", "ipv4", "ipv6", "uri", "hostname", "duration");

    /** Valid texts that a form does not write: leap seconds that are none in local time, names in another alphabet. */
    private static final Pattern NOT_WRITTEN = Pattern.compile("\".*:60.*[+-](?!00:00).*\"|\"([^:/]*\\.)?xn--[^:/]*\"");

    @TestFactory
    Stream<DynamicTest> suite() throws IOException {
        if (!ReferenceData.has(SUITE)) {
            return ReferenceData.skipped(SUITE).stream();
        }
        List<DynamicTest> tests = new ArrayList<>();
        for (String draft : List.of("draft2020-12", "draft7")) {
            Path folder = ReferenceData.require(SUITE + "/" + draft);
            List<Path> files = new ArrayList<>();
            try (Stream<Path> all = Files.list(folder)) {
                all.filter(file -> file.toString().endsWith(".json") && !file.endsWith("format.json"))
                        .forEach(files::add);
            }
            for (String format : FORMATS) {
                Path file = folder.resolve("optional/format/" + format + ".json");
                if (Files.exists(file)) {
                    files.add(file);
                }
            }
            files.sort(null);
            files.forEach(file -> tests.add(DynamicTest.dynamicTest(
                    draft + " " + file.getFileName(), () -> run(file, draft.equals("draft7")))));
        }
        return tests.stream();
    }

    private static void run(Path file, boolean draft7) throws IOException {
        List<String> wrong = new ArrayList<>();
        for (Object each : (List<?>) JsonTree.parse("suite", Files.readString(file))) {
            Map<?, ?> group = (Map<?, ?>) each;
            String name = group.get("description").toString();
            CompiledForm form;
            try {
                form = form(group.get("schema"), draft7);
            } catch (BadInputException e) {
                if (e.getMessage().contains("some text can have")) {
                    form = null; // Nothing is valid.
                } else {
                    assertTrue(
                            e.getMessage().matches("JSON schema: /.*, which a form cannot enforce"),
                            name + ": " + e.getMessage());
                    continue;
                }
            }
            for (Object one : (List<?>) group.get("tests")) {
                Map<?, ?> test = (Map<?, ?>) one;
                String text = write(test.get("data"));
                boolean valid = Boolean.TRUE.equals(test.get("valid"))
                        && !(file.toString().contains("format")
                                && NOT_WRITTEN.matcher(text).matches());
                boolean bytes = form != null && Vocabularies.accepts(form, text);
                boolean tokens = form != null && acceptsTokens(form, text);
                String where = name + " / " + test.get("description") + ": " + text;
                if (bytes != valid || tokens != valid) {
                    wrong.add(where + " valid " + valid + " bytes " + bytes + " tokens " + tokens);
                }
            }
        }
        assertEquals(List.of(), wrong);
    }

    private static CompiledForm form(@Nullable Object schema, boolean draft7) {
        Object written = schema;
        if (draft7 && schema instanceof Map<?, ?> map && !map.containsKey("$schema")) {
            Map<Object, @Nullable Object> named = new LinkedHashMap<>(map);
            named.put("$schema", "http://json-schema.org/draft-07/schema#");
            written = named;
        }
        OutputForm.JsonSchema form = new OutputForm.JsonSchema(write(written), true, true);
        return new CompiledForm(
                form,
                GrammarCompiler.compile(SchemaGrammar.of(form, FORMAT_SETS), TRIE.singles(), "JSON schema"),
                TRIE,
                "JSON schema");
    }

    private static boolean acceptsTokens(CompiledForm form, String text) {
        FormCursor cursor = form.begin();
        for (int token : TRIE.longestTokens(text.getBytes(StandardCharsets.UTF_8))) {
            if (!cursor.allows(token)) {
                return false;
            }
            cursor.accept(token);
        }
        return cursor.isComplete();
    }

    /** JSON as a form writes it: no white space, whole numbers without fraction, escapes only where they must be. */
    static String write(@Nullable Object value) {
        if (value instanceof Map<?, ?> map) {
            List<String> parts = new ArrayList<>();
            map.forEach((name, each) -> parts.add(quote(name.toString()) + ":" + write(each)));
            return "{" + String.join(",", parts) + "}";
        } else if (value instanceof List<?> list) {
            return "["
                    + String.join(
                            ",", list.stream().map(JsonSchemaSuiteTest::write).toList()) + "]";
        } else if (value instanceof String text) {
            return quote(text);
        } else if (value instanceof BigDecimal number) {
            return number.signum() == 0 ? "0" : number.stripTrailingZeros().toPlainString();
        }
        return String.valueOf(value);
    }

    private static String quote(String text) {
        StringBuilder out = new StringBuilder("\"");
        text.codePoints().forEach(c -> {
            int at = "\b\t\n\f\r\"\\".indexOf(c);
            if (at >= 0) {
                out.append('\\').append("btnfr\"\\".charAt(at));
            } else if (c < 0x20) {
                out.append(String.format("\\u%04x", c));
            } else {
                out.appendCodePoint(c);
            }
        });
        return out.append('"').toString();
    }
}
