package dev.chaku.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.chaku.ReferenceData;
import dev.chaku.errors.BadInputException;
import dev.chaku.internal.io.JsonValues;
import dev.chaku.text.template.ChatTemplate;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class PlainValueTest {
    private static Object value(String json) throws IOException {
        return JsonValues.parse(json.replace('\'', '"'));
    }

    @Test
    void aKeyWithNullIsAbsentAtAnyDepth() throws Exception {
        Object value = value("{'a': null, 'b': [{'c': null, 'd': 1}, null], 'e': {'f': null}}");
        Object expected = value("{'b': [{'d': 1}, null], 'e': {}}");
        assertEquals(expected, PlainValue.withoutNulls(value));
        assertEquals(expected, PlainValue.copy(value, "x"));
        Object whole = value("{'b': [{'d': 1}, null]}");
        assertSame(whole, PlainValue.withoutNulls(whole));
    }

    @Test
    void copiesNothingThatIsNoPlainValueOrHalfACharacter() {
        assertEquals(
                "m.a[1]: expected a map, list, string, number or truth value, found a java.lang.Object",
                fault(Map.of("a", List.of(1, new Object()))));
        assertEquals("m: expected a string as key, found 3", fault(Map.of(3, "x")));
        assertEquals(
                "m.a: expected whole characters, found half of one (the lone surrogate U+D83D) after 2 characters",
                fault(Map.of("a", "x \ud83d y")));
        assertEquals(
                "m.a: expected whole characters, found half of one (the lone surrogate U+DE00) after 2 characters",
                fault(Map.of("a", "\ud83d\ude00\ude00")));
    }

    private static String fault(Object value) {
        return assertThrows(RecordFault.class, () -> PlainValue.copy(value, "m"))
                .getMessage();
    }

    private static final String PLAIN =
            "{'messages': [{'role': 'system', 'content': 'Be brief.'}, {'role': 'user', 'content': 'Weather?'},"
                    + " {'role': 'assistant', 'content': '', 'tool_calls': [{'id': 'abcdefghi', 'type': 'function', 'function':"
                    + " {'name': 'weather', 'arguments': {'city': 'Nara'}}}]},"
                    + " {'role': 'tool', 'content': 'sunny', 'tool_call_id': 'abcdefghi', 'name': 'weather'},"
                    + " {'role': 'assistant', 'content': 'Sunny.'}],"
                    + " 'tools': [{'type': 'function', 'function': {'name': 'weather', 'description': 'Tells the weather.',"
                    + " 'parameters': {'type': 'object', 'properties': {'city': {'type': 'string', 'description': 'The city.'}},"
                    + " 'required': ['city']}}}]}";

    /** The same as Arrow writes it: every struct has the keys of all. */
    private static Object asArrowWritesIt(Object value) {
        if (value instanceof List<?> list) {
            return list.stream().map(PlainValueTest::asArrowWritesIt).toList();
        }
        if (!(value instanceof Map<?, ?> map)) {
            return value;
        }
        Map<Object, Object> filled = new LinkedHashMap<>();
        map.forEach((key, element) -> filled.put(key, asArrowWritesIt(element)));
        for (String key : List.of(
                "name",
                "tool_calls",
                "tool_call_id",
                "reasoning_content",
                "thinking",
                "function_call",
                "weight",
                "enum",
                "items",
                "default",
                "properties",
                "required",
                "description",
                "prefix",
                "eot",
                "documents")) {
            filled.putIfAbsent(key, null);
        }
        return filled;
    }

    /** Every template writes a conversation and its tools alike, whether keys are absent or null. */
    @TestFactory
    List<DynamicTest> everyTemplateWritesNullAsAbsent() throws Exception {
        Example.Chat plain = chat(value(PLAIN));
        Example.Chat filled = chat(asArrowWritesIt(value(PLAIN)));
        List<DynamicTest> tests = new ArrayList<>();
        for (String name : ChatTemplate.builtInNames()) {
            tests.add(DynamicTest.dynamicTest(
                    name, () -> assertSameText(ChatTemplate.named(name, "<s>", "</s>"), plain, filled)));
        }
        if (!ReferenceData.has("templates")) {
            tests.addAll(ReferenceData.skipped("templates"));
            return tests;
        }
        try (Stream<Path> files = Files.list(ReferenceData.require("templates"))) {
            for (Path file :
                    files.filter(f -> f.toString().endsWith(".jinja")).sorted().toList()) {
                tests.add(DynamicTest.dynamicTest(
                        file.getFileName().toString(), () -> assertSameText(parsed(file), plain, filled)));
            }
        }
        return tests;
    }

    private static ChatTemplate parsed(Path file) {
        try {
            return ChatTemplate.parse(file.toString(), Files.readString(file), "<s>", "</s>");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void whatAModelPassesAsNullStays() throws Exception {
        String call =
                "{'role': 'assistant', 'content': null, 'tool_calls': [{'function': {'name': 'f', 'arguments': %s}}]}";
        String record = "{'messages': [{'role': 'user', 'content': 'q'}, " + call + "]}";
        Object text = value(String.format(record, "'{\\'x\\': null}'"));
        assertEquals("{function={name=f, arguments={x=null}}}", first(chat(text)));
        Object structure = value(String.format(record, "{'x': null, 'y': 1}"));
        assertEquals("{function={name=f, arguments={y=1}}}", first(chat(structure)));
    }

    private static String first(Example.Chat chat) {
        return ((List<?>) chat.messages().get(1).get("tool_calls")).get(0).toString();
    }

    private static Example.Chat chat(Object record) throws RecordFault {
        return (Example.Chat)
                RecordReader.read(record, null, ColumnMap.NONE, "f:1").get(0);
    }

    private static void assertSameText(ChatTemplate template, Example.Chat plain, Example.Chat filled) {
        assertEquals(text(template, plain), text(template, filled));
    }

    /** The text, or the template's refusal. */
    private static String text(ChatTemplate template, Example.Chat chat) {
        try {
            return ChatRenderer.of(template).render(chat.messages(), chat.tools(), false);
        } catch (BadInputException e) {
            return "refused: " + e.getMessage();
        }
    }
}
