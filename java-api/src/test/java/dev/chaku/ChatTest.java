package dev.chaku;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.chat.ChatEvent;
import dev.chaku.chat.ChatReply;
import dev.chaku.chat.Message;
import dev.chaku.chat.Tool;
import dev.chaku.chat.ToolBox;
import dev.chaku.chat.ToolChoice;
import dev.chaku.errors.BadInputException;
import dev.chaku.generate.FinishReason;
import dev.chaku.generate.OutputForm;
import dev.chaku.gguf.GgufWriter;
import dev.chaku.internal.arch.FormatMix;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Flow;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChatTest {
    private static final String TEMPLATE = "{% if tools %}T:{% for t in tools %}{{ t.function.name }} {% endfor %}"
            + "<tool_call>\n{% endif %}"
            + "{% for m in messages %}{{ m.role }}: {{ m.content }}{% if m.tool_calls %}{% for c in m.tool_calls %}"
            + "<tool_call>{{ c.function.name }}{{ c.function.arguments | tojson }}{% endfor %}{% endif %}\n{% endfor %}"
            + "{% if add_generation_prompt %}assistant: {% endif %}";

    @TempDir
    Path folder;

    private Model model;

    /** What is asked for. */
    public record Answer(boolean sure, Grade grade, Optional<Integer> points) {}

    /** How good it is. */
    public enum Grade {
        GOOD,
        BAD
    }

    /** Tools. */
    public interface Tools {
        int add(int a, int b);
    }

    @BeforeEach
    void open() {
        Path file = folder.resolve("chat.gguf");
        GgufWriter writer = GgufWriter.to(file).put("tokenizer.chat_template", TEMPLATE);
        model = Model.open(TinyModel.write(writer, file, TinyModel.llama(), FormatMix.F32, 1), Float32Device.options());
    }

    @AfterEach
    void close() {
        model.close();
    }

    private static Tool tool() {
        return new Tool(
                "add",
                "Adds",
                "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":99},"
                        + "\"b\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":99}},\"required\":[\"a\",\"b\"],"
                        + "\"additionalProperties\":false}");
    }

    private Chat chat(int tokens) {
        Chat chat = Chat.with(model);
        chat.generator().maxTokens(tokens).seed(1);
        return chat;
    }

    @Test
    void aConversationGrowsAndKeepsItsCache() {
        Chat chat = chat(12).system("Be brief.");
        ChatReply first = chat.say("Hello");
        assertEquals(3, chat.messages().size());
        assertSame(first.message(), chat.messages().get(2));
        ChatReply second = chat.say("More");
        assertTrue(second.generation().cachedTokens() > first.generation().promptTokens() / 2, second.toString());
        assertEquals(5, chat.messages().size());
        ChatReply again = chat.again();
        assertEquals(second.text(), again.text(), "the same seed");
        assertEquals(5, chat.messages().size());
        assertTrue(chat.undo());
        assertEquals(3, chat.messages().size());
        assertTrue(chat.undo());
        assertFalse(chat.undo());
        BadInputException e = assertThrows(BadInputException.class, chat::again);
        assertEquals("conversation: expected an answer at its end, found none", e.getMessage());
    }

    @Test
    void callsAreMadeAndAnswered() {
        Chat chat = chat(200)
                .tools(List.of(tool()))
                .toolChoice(ToolChoice.required())
                .parallelCalls(false);
        assertEquals("hermes", chat.format().family());
        List<ChatEvent> events = new ArrayList<>();
        ChatReply reply = chat.onEvent(events::add).say("2 and 3?");
        assertEquals(1, reply.calls().size(), reply.generation().text());
        assertEquals("add", reply.calls().get(0).name());
        assertTrue(reply.calls().get(0).values().containsKey("b"));
        assertInstanceOf(ChatEvent.CallStarted.class, events.get(0));
        assertInstanceOf(ChatEvent.Finished.class, events.get(events.size() - 1));
        chat.add(Message.result(reply.calls().get(0), "5")).toolChoice(ToolChoice.none());
        assertTrue(chat.reply().calls().isEmpty());
        assertEquals(4, chat.messages().size());
    }

    @Test
    void aToolBoxDoesWhatIsCalled() {
        ToolBox box = ToolBox.of(Tools.class, (a, b) -> a + b);
        List<Message> results = new ArrayList<>();
        Chat chat = chat(120).toolChoice(ToolChoice.required()).parallelCalls(false);
        chat.say("Add", box, 1);
        chat.messages().stream().filter(Message.ToolResult.class::isInstance).forEach(results::add);
        assertEquals(1, results.size());
        assertTrue(results.get(0).text().matches("-?[0-9]+"), results.toString());
    }

    @Test
    void answersAreValues() {
        Chat chat = chat(100);
        Answer answer = chat.ask("Sure?", Answer.class);
        assertTrue(answer.grade() == Grade.GOOD || answer.grade() == Grade.BAD);
        assertEquals("Sure?", chat.messages().get(0).text(), "the schema is no part of the conversation");
        Answer direct =
                model.generator().prompt("Sure? ").maxTokens(100).seed(3).generate(Answer.class);
        assertTrue(direct.points().isEmpty() || direct.points().get() != null);
        Chat cut = chat(3);
        BadInputException e = assertThrows(BadInputException.class, () -> cut.ask("Sure?", Answer.class));
        assertEquals(
                "answer: expected JSON of Answer, found what ended before it was whole, by length", e.getMessage());
    }

    @Test
    void aFormIsClosedWithinTheTokensThatAreLeft() {
        OutputForm form = OutputForm.jsonSchema(
                "{\"type\":\"object\",\"properties\":{\"text\":{\"type\":\"string\"},\"more\":{\"type\":\"array\"}},"
                        + "\"required\":[\"text\",\"more\"],\"additionalProperties\":false}");
        for (int tokens : new int[] {24, 25, 30, 60}) {
            for (int seed = 0; seed < 6; seed++) {
                var closed = model.generator()
                        .prompt("x")
                        .form(form)
                        .maxTokens(tokens)
                        .seed(seed);
                var result = closed.closeForm(true).generate();
                assertTrue(result.form().orElseThrow().complete(), tokens + " " + result.text());
                assertTrue(result.tokens().length <= tokens);
                var open = model.generator()
                        .prompt("x")
                        .form(form)
                        .maxTokens(tokens)
                        .seed(seed)
                        .generate();
                int same = 0;
                while (same < 3) {
                    assertEquals(open.tokens()[same], result.tokens()[same], "as it would be until it must end");
                    same++;
                }
            }
        }
    }

    @Test
    void streamsPublishersAndFuturesAreTheSameAnswer() throws Exception {
        String text = chat(20).say("Hello").text();
        Chat streaming = chat(20);
        try (Stream<ChatEvent> events = streaming.stream("Hello")) {
            assertEquals(text, text(events.toList()));
        }
        assertEquals(text, chat(20).sayLater("Hello").get().text());
        CompletableFuture<List<ChatEvent>> published = new CompletableFuture<>();
        chat(20).publish("Hello").subscribe(new Flow.Subscriber<>() {
            private final List<ChatEvent> seen = new ArrayList<>();
            private Flow.Subscription subscription;

            @Override
            public void onSubscribe(Flow.Subscription made) {
                subscription = made;
                made.request(1);
            }

            @Override
            public void onNext(ChatEvent event) {
                seen.add(event);
                subscription.request(1);
            }

            @Override
            public void onError(Throwable failure) {
                published.completeExceptionally(failure);
            }

            @Override
            public void onComplete() {
                published.complete(seen);
            }
        });
        assertEquals(text, text(published.get()));
        try (Stream<ChatEvent> events = Chat.with(model, model.chat("chatml")).stream("x".repeat(2000))) {
            assertThrows(BadInputException.class, events::toList);
        }
    }

    private static String text(List<ChatEvent> events) {
        return events.stream()
                .filter(ChatEvent.Text.class::isInstance)
                .map(event -> ((ChatEvent.Text) event).piece())
                .collect(Collectors.joining());
    }

    @Test
    void anAnswerCanBeCancelledAndIsAloneInItsConversation() throws Exception {
        Chat chat = chat(400);
        chat.generator().endless(true);
        CountDownLatch begun = new CountDownLatch(1);
        chat.onEvent(event -> begun.countDown());
        CompletableFuture<ChatReply> later = chat.sayLater("Hello");
        begun.await();
        assertThrows(IllegalStateException.class, () -> chat.say("And?"));
        chat.cancel();
        assertEquals(FinishReason.CANCELLED, later.get().generation().finishReason());
        assertEquals(2, chat.messages().size());
    }

    @Test
    void whatFailsLeavesTheConversationAsItWas() {
        Chat chat = chat(10);
        assertThrows(BadInputException.class, () -> chat.say("x".repeat(2000)));
        assertEquals(List.of(), chat.messages());
        Tool unsupported = new Tool("f", "", "{\"type\":\"object\",\"properties\":{\"a\":{\"uniqueItems\":true}}}");
        BadInputException e = assertThrows(
                BadInputException.class, () -> chat.tools(List.of(unsupported)).say("Hello"));
        assertTrue(e.getMessage().contains("uniqueItems"), e.getMessage());
        assertThrows(BadInputException.class, () -> chat.tools(List.of(tool(), tool())));
    }
}
