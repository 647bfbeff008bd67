package dev.chaku.internal.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.chat.ChatEvent;
import dev.chaku.chat.Message;
import dev.chaku.chat.Tool;
import dev.chaku.chat.ToolCall;
import dev.chaku.data.ChatRenderer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Answers in every notation: what is read does not depend on how the text comes, and nothing is lost. */
class ReplyParserTest {
    private static final ChatRenderer RENDERER = (messages, tools, prompt) -> messages.toString();
    private static final List<Tool> TOOLS = List.of(
            new Tool(
                    "get_weather",
                    "Weather",
                    "{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\"},\"days\":{\"type\":\"integer\"},"
                            + "\"exact\":{\"type\":\"boolean\"}},\"required\":[\"city\"],\"additionalProperties\":false}"),
            new Tool("stop", "Stops", "{\"type\":\"object\",\"properties\":{}}"));

    private static final String TOKYO = "{\"city\": \"東京 \\\"x\\\"\", \"days\": 3}";

    /** What a parser tells. */
    record Told(Message.Assistant message, List<String> problems) {}

    private static ReplyFormat format(String sign) {
        return ReplyFormat.of(sign, RENDERER);
    }

    private static Told read(ReplyFormat format, List<String> pieces) {
        List<ChatEvent> events = new ArrayList<>();
        int[] id = {0};
        ReplyParser parser = new ReplyParser(
                new ReplyParser.Settings(format, TOOLS, true, false, () -> "call%05d".formatted(++id[0])), events::add);
        pieces.forEach(parser::add);
        Message.Assistant message = parser.finish();
        assertEquals(message, assembled(events), "events are the message");
        return new Told(message, parser.problems());
    }

    private static Message.Assistant assembled(List<ChatEvent> events) {
        StringBuilder text = new StringBuilder();
        StringBuilder reasoning = new StringBuilder();
        List<ToolCall> calls = new ArrayList<>();
        String id = "";
        String name = "";
        StringBuilder arguments = new StringBuilder();
        for (ChatEvent event : events) {
            if (event instanceof ChatEvent.Text piece) {
                text.append(piece.piece());
            } else if (event instanceof ChatEvent.Reasoning piece) {
                reasoning.append(piece.piece());
            } else if (event instanceof ChatEvent.CallStarted started) {
                assertEquals(calls.size(), started.index());
                id = started.id();
                name = started.name();
                arguments.setLength(0);
            } else if (event instanceof ChatEvent.CallArguments piece) {
                arguments.append(piece.piece());
            } else if (event instanceof ChatEvent.CallFinished finished) {
                ToolCall call = new ToolCall(id, name, arguments.toString());
                assertEquals(call, finished.call());
                calls.add(call);
            }
        }
        return new Message.Assistant(text.toString(), reasoning.toString(), calls);
    }

    private static Arguments answer(String sign, String written, String text, String reasoning, String... calls) {
        return Arguments.of(sign, written, text, reasoning, List.of(calls));
    }

    static Stream<Arguments> answers() {
        String hermes = "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": " + TOKYO + "}\n</tool_call>";
        String coder = "<tool_call>\n<function=get_weather>\n<parameter=city>\n東京 \"x\"\n</parameter>\n"
                + "<parameter=days>\n3\n</parameter>\n</function>\n</tool_call>";
        String deep = "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>";
        String harmony = "<|channel|><|message|>analysis";
        return Stream.of(
                answer("<tool_call>", hermes, "", "", "get_weather" + TOKYO),
                answer("<tool_call>", "Hello, world!", "Hello, world!", ""),
                answer("<tool_call>", "  a < b, <tool, <tool_cal", "  a < b, <tool, <tool_cal", ""),
                answer(
                        "<tool_call></think>",
                        "<think>\nhm < x\n</think>\n\nYes. \n" + hermes + "\n" + hermes,
                        "Yes.",
                        "hm < x",
                        "get_weather" + TOKYO,
                        "get_weather" + TOKYO),
                answer("<tool_call>", hermes + "\nMore.", "More.", "", "get_weather" + TOKYO),
                answer("<tool_call>", "<tool_call>{\"arguments\":{},\"name\":\"stop\"}</tool_call>", "", "", "stop{}"),
                answer("<tool_call><function=", "So:\n" + coder, "So:", "", "get_weather" + TOKYO),
                answer(
                        "<arg_key>",
                        "<tool_call>get_weather\n<arg_key>city</arg_key>\n<arg_value>東京 \"x\"</arg_value>"
                                + "<arg_key>days</arg_key><arg_value>3</arg_value></tool_call>",
                        "",
                        "",
                        "get_weather" + TOKYO),
                answer(
                        "<minimax:tool_call>",
                        "<minimax:tool_call>\n<invoke name=\"get_weather\">\n"
                                + "<parameter name=\"city\">東京 \"x\"</parameter>\n<parameter name=\"days\">3</parameter>\n"
                                + "</invoke>\n<invoke name=\"stop\">\n</invoke>\n</minimax:tool_call>",
                        "",
                        "",
                        "get_weather" + TOKYO,
                        "stop{}"),
                answer(
                        "<|start_header_id|>\"parameters\"",
                        "{\"name\": \"get_weather\", \"parameters\": " + TOKYO + "}",
                        "",
                        "",
                        "get_weather" + TOKYO),
                answer(
                        "<|start_header_id|>\"parameters\"",
                        "<|python_tag|>{\"type\": \"function\", \"name\": \"stop\"," + " \"parameters\": {}}",
                        "",
                        "",
                        "stop{}"),
                answer("<|start_header_id|>\"parameters\"", "{\"a\": 1}", "{\"a\": 1}", ""),
                answer("<|start_header_id|>\"parameters\"", "x {\"name\": \"a\"}", "x {\"name\": \"a\"}", ""),
                answer(
                        "[TOOL_CALLS]",
                        "[TOOL_CALLS][{\"name\": \"get_weather\", \"arguments\": " + TOKYO
                                + ", \"id\": \"abcdefghi\"}, {\"name\": \"stop\", \"arguments\": {}}]",
                        "",
                        "",
                        "get_weather" + TOKYO,
                        "stop{}"),
                answer(
                        "[TOOL_CALLS][ARGS]",
                        "Well[TOOL_CALLS]get_weather[ARGS]" + TOKYO + "[TOOL_CALLS]stop[ARGS]{}",
                        "Well",
                        "",
                        "get_weather" + TOKYO,
                        "stop{}"),
                answer(
                        "<｜tool▁calls▁begin｜>```json</think>",
                        "<think>a</think>" + deep
                                + "function<｜tool▁sep｜>get_weather\n```json\n" + TOKYO + "\n```<｜tool▁call▁end｜>\n"
                                + "<｜tool▁call▁begin｜>function<｜tool▁sep｜>stop\n```json\n{}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
                        "",
                        "a",
                        "get_weather" + TOKYO,
                        "stop{}"),
                answer(
                        "<｜tool▁calls▁begin｜><｜tool▁sep｜>",
                        deep + "get_weather<｜tool▁sep｜>" + TOKYO + "<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
                        "",
                        "",
                        "get_weather" + TOKYO),
                answer(
                        harmony,
                        "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>commentary"
                                + " to=functions.get_weather <|constrain|>json<|message|>" + TOKYO,
                        "",
                        "hm",
                        "get_weather" + TOKYO),
                answer(
                        harmony,
                        "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>Hi!",
                        "Hi!",
                        "hm"),
                answer(harmony, " to=functions.stop<|channel|>commentary json<|message|>{}<|call|>", "", "", "stop{}"),
                answer(
                        "<|tool_call|>",
                        "<|tool_call|>[{\"name\": \"get_weather\", \"arguments\": " + TOKYO + "}]",
                        "",
                        "",
                        "get_weather" + TOKYO),
                answer(
                        "<|START_ACTION|><|END_THINKING|>",
                        "<|START_THINKING|>p<|END_THINKING|><|START_ACTION|>[\n"
                                + "    {\"tool_call_id\": \"0\", \"tool_name\": \"get_weather\", \"parameters\": "
                                + TOKYO
                                + "}\n]<|END_ACTION|>",
                        "",
                        "p",
                        "get_weather" + TOKYO),
                answer("<|START_ACTION|>", "<|START_RESPONSE|>Hi<|END_RESPONSE|>", "Hi", ""),
                answer(
                        "Action:tool_name",
                        "Action: ```json\n[\n    {\n        \"tool_name\": \"get_weather\",\n"
                                + "        \"parameters\": " + TOKYO + "\n    }\n]```",
                        "",
                        "",
                        "get_weather" + TOKYO),
                answer(
                        "List of tools: ",
                        "<|tool_call_start|>[get_weather(city='東京 \"x\"', days=3), stop()]"
                                + "<|tool_call_end|>Checking.",
                        "Checking.",
                        "",
                        "get_weather" + TOKYO,
                        "stop{}"),
                answer(
                        "<|start_header_id|>>>>all",
                        ">>>all\nHi.>>>get_weather\n" + TOKYO + ">>>stop\n{}",
                        "Hi.",
                        "",
                        "get_weather" + TOKYO,
                        "stop{}"),
                answer(
                        "<|tool_call_begin|>",
                        "<|tool_calls_section_begin|><|tool_call_begin|>functions.get_weather:0"
                                + "<|tool_call_argument_begin|>" + TOKYO
                                + "<|tool_call_end|><|tool_calls_section_end|>",
                        "",
                        "",
                        "get_weather" + TOKYO),
                // What is no call is text.
                answer(
                        "<tool_call>",
                        "<tool_call>\n{\"name\": \"f\", oh!} no",
                        "<tool_call>\n{\"name\": \"f\", oh!} no",
                        ""),
                answer(
                        "<tool_call>",
                        "a <tool_call>\n{\"name\": \"f\", \"arguments\": {\"x\": 1",
                        "a <tool_call>\n{\"name\": \"f\", \"arguments\": {\"x\": 1",
                        ""),
                answer(
                        "[TOOL_CALLS]",
                        "[TOOL_CALLS][{\"name\": \"stop\", \"arguments\": {}}, {\"name",
                        ", {\"name",
                        "",
                        "stop{}"),
                answer("<tool_call>", "<tool_call>" + hermes, "<tool_call>", "", "get_weather" + TOKYO),
                answer("<tool_call></think>", "<think>never ends <tool_call>", "", "never ends <tool_call>"));
    }

    @ParameterizedTest
    @MethodSource("answers")
    void readsWhatIsWritten(String sign, String written, String text, String reasoning, List<String> calls) {
        Told whole = read(format(sign), List.of(written));
        assertEquals(text, whole.message().text());
        assertEquals(reasoning, whole.message().reasoning());
        assertEquals(
                calls,
                whole.message().calls().stream()
                        .map(call -> call.name() + call.arguments())
                        .toList());
    }

    @ParameterizedTest
    @MethodSource("answers")
    void readsTheSameHoweverItIsCut(String sign, String written, String text, String reasoning, List<String> calls) {
        ReplyFormat format = format(sign);
        Told whole = read(format, List.of(written));
        for (int cut = 0; cut <= written.length(); cut++) {
            assertEquals(whole, read(format, List.of(written.substring(0, cut), written.substring(cut))), "cut " + cut);
        }
        assertEquals(
                whole,
                read(format, written.chars().mapToObj(Character::toString).toList()));
        Random random = new Random(1);
        for (int i = 0; i < 20; i++) {
            List<String> pieces = new ArrayList<>();
            for (int at = 0; at < written.length(); ) {
                int next = Math.min(written.length(), at + 1 + random.nextInt(12));
                pieces.add(written.substring(at, next));
                at = next;
            }
            assertEquals(whole, read(format, pieces), pieces.toString());
        }
    }

    @Test
    void nothingIsLostOfAnyMixture() {
        for (String sign :
                answers().map(each -> (String) each.get()[0]).distinct().toList()) {
            ReplyFormat format = format(sign);
            List<String> parts = new ArrayList<>(List.of("{", "}", "\"", "[", "]", ":", ",", " ", "\n", "name", "<"));
            answers().filter(each -> each.get()[0].equals(sign)).forEach(each -> pieces((String) each.get()[1], parts));
            for (int seed = 0; seed < 300; seed++) {
                Random random = new Random(seed);
                StringBuilder written = new StringBuilder();
                List<String> words = new ArrayList<>();
                IntStream.range(0, 14).forEach(i -> {
                    String part = parts.get(random.nextInt(parts.size()));
                    String word = "w" + i + "w";
                    words.add(word);
                    written.append(part).append(word);
                });
                Told whole = read(format, List.of(written.toString()));
                String all = whole.message().toString();
                boolean headed = sign.contains("<|message|>");
                for (String word : words) {
                    assertTrue(headed || all.contains(word), () -> word + " is lost of " + written + " in " + all);
                }
                assertEquals(
                        whole,
                        read(
                                format,
                                written.chars().mapToObj(Character::toString).toList()),
                        () -> sign + written);
            }
        }
    }

    private static void pieces(String written, List<String> out) {
        Random random = new Random(written.length());
        for (int i = 0; i < 12; i++) {
            int from = random.nextInt(written.length());
            out.add(written.substring(from, Math.min(written.length(), from + 1 + random.nextInt(40))));
        }
        out.addAll(List.of(written.split("(?<=[>\\]])")));
    }

    @Test
    void argumentsComeAsTheyAreWritten() {
        List<String> pieces = new ArrayList<>();
        ReplyParser parser = new ReplyParser(
                new ReplyParser.Settings(format("<tool_call><function="), TOOLS, true, false, () -> "callcall1"),
                event -> {
                    if (event instanceof ChatEvent.CallArguments arguments) {
                        pieces.add(arguments.piece());
                    }
                });
        parser.add("<tool_call>\n<function=get_weather>\n<parameter=city>\nTok");
        assertEquals("{\"city\": \"To", String.join("", pieces));
        parser.add("yo\n</para");
        assertEquals("{\"city\": \"Tokyo", String.join("", pieces));
        parser.add("meter>\n</function>\n</tool_call>");
        assertEquals("{\"city\": \"Tokyo\"}", String.join("", pieces));
    }

    @Test
    void whatIsNoCallIsReported() {
        Told told = read(format("<tool_call>"), List.of("<tool_call>\n{\"name\": 7}"));
        assertEquals(1, told.problems().size());
        assertTrue(
                told.problems().get(0).startsWith("call of a tool: expected"),
                told.problems().toString());
        assertEquals(List.of(), read(format("<tool_call>"), List.of("plain")).problems());
    }
}
