package dev.chaku.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SpecialTextTest {
    private static final SpecialText SPECIAL = new SpecialText(List.of("<s>", "<s>x", "[END]"));

    private static final ChatRenderer PLAIN = (messages, tools, prompt) ->
            messages.stream().map(m -> m.getOrDefault("content", "").toString()).reduce("", String::concat);

    @Test
    void marksEverySpellingInside() {
        SpecialText.Marked marked = SPECIAL.mark(
                List.of(Map.of("role", "<s>", "content", "a<s><s>x b [END]"), Map.of("role", "tool")),
                List.of(),
                PLAIN);
        String mark = marked.mark();
        assertEquals(
                "a<" + mark + "s><" + mark + "s>x b [" + mark + "END]",
                marked.messages().get(0).get("content"));
        assertEquals("<s>", marked.messages().get(0).get("role"));
        assertEquals(Map.of("role", "tool"), marked.messages().get(1));
        assertEquals(
                List.of("a<", "s><", "s>x b [", "END]"),
                marked.parts(PLAIN.render(marked.messages(), List.of(), false)));
    }

    @Test
    void leavesOtherConversationsAsTheyAre() {
        List<Map<String, Object>> messages = List.of(Map.of("role", "<s>", "content", "1 < 2, [x], <sx> \uE000"));
        SpecialText.Marked marked = SPECIAL.mark(messages, List.of(), PLAIN);
        assertSame(messages, marked.messages());
        assertEquals(List.of("a\uE000"), marked.parts("a\uE000"));
    }

    @Test
    void descriptionsOfToolsAreContentWithTheKeysThatAreNoNames() {
        List<Object> tools = List.of(Map.of("description", "ends in [END]", "[END]", List.of("<s>")));
        String mark = SPECIAL.mark(List.of(), tools, PLAIN).mark();
        assertEquals(
                List.of(Map.of(
                        "description", "ends in [" + mark + "END]", "[" + mark + "END]", List.of("<" + mark + "s>"))),
                SPECIAL.mark(List.of(), tools, PLAIN).tools());
    }

    @Test
    void theMarkIsNoneOfTheCharactersThatTheConversationOrTheTemplateHas() {
        ChatRenderer adds = (messages, tools, prompt) -> PLAIN.render(messages, tools, prompt) + "\uE001";
        List<Object> tools = List.of(Map.of("\uE002", 1));
        assertEquals(
                "\uE003",
                SPECIAL.mark(List.of(Map.of("content", "<s>\uE000")), tools, adds)
                        .mark());
        StringBuilder all = new StringBuilder("<s>");
        IntStream.rangeClosed(0xE000, 0xF8FF).forEach(all::appendCodePoint);
        List<Map<String, Object>> messages = List.of(Map.of("content", all.toString()));
        assertEquals(
                Character.toString(0xF0000),
                SPECIAL.mark(messages, List.of(), PLAIN).mark());
    }

    @Test
    void findsTheLastThatEndsWithinARange() {
        assertEquals(3, SPECIAL.lastEnd("<s>a [END]<s>x", 0, 9));
        assertEquals(10, SPECIAL.lastEnd("<s>a [END]<s>x", 0, 13));
        assertEquals(14, SPECIAL.lastEnd("<s>a [END]<s>x", 0, 14));
        assertEquals(-1, SPECIAL.lastEnd("<s>a [END]<s>x", 3, 9));
    }
}
