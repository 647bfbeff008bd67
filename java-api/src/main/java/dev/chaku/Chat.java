package dev.chaku;

import dev.chaku.chat.ChatEvent;
import dev.chaku.chat.ChatFormat;
import dev.chaku.chat.ChatReply;
import dev.chaku.chat.JavaSchema;
import dev.chaku.chat.Message;
import dev.chaku.chat.Tool;
import dev.chaku.chat.ToolBox;
import dev.chaku.chat.ToolCall;
import dev.chaku.chat.ToolChoice;
import dev.chaku.data.ChatRenderer;
import dev.chaku.errors.BadInputException;
import dev.chaku.errors.OperationCancelledException;
import dev.chaku.errors.ResourceException;
import dev.chaku.generate.Generation;
import dev.chaku.generate.OutputForm;
import dev.chaku.internal.chat.ChatThreads;
import dev.chaku.internal.chat.PromptWriter;
import dev.chaku.internal.chat.ReplyFormat;
import dev.chaku.internal.chat.ReplyForms;
import dev.chaku.internal.chat.ReplyParser;
import dev.chaku.text.Tokenizer;
import dev.chaku.text.template.ChatTemplate;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A conversation with a model: its messages, the tools that it may call, and the settings of its answers.
 *
 * <p>Calls and thoughts are read by the notation that the model's template has, see {@link #format}; where tools may be
 * called, their arguments are always valid by their schemas, as the model can write nothing else. What an answer has in
 * common with the one before is not computed again.
 *
 * <p>One answer at a time: to ask for one while another is under way is an IllegalStateException. {@link #cancel} may
 * come from any thread, all else from one at a time.
 */
public final class Chat {
    private static final Executor THREADS = ChatThreads::start;

    private final Model model;
    private final Generator generator;
    private final List<Message> messages = new ArrayList<>();
    private final Map<String, Object> variables = new LinkedHashMap<>();
    private final AtomicBoolean busy = new AtomicBoolean();
    private final ChatTemplate template;
    private final ReplyFormat format;
    private final BitSet marks;
    private List<Tool> tools = List.of();
    private ToolChoice choice = ToolChoice.auto();
    private boolean parallelCalls = true;
    private @Nullable OutputForm words;
    private Consumer<ChatEvent> listener = event -> {};
    private int calls;

    private Chat(Model model, ChatTemplate template) {
        this.model = model;
        this.generator = model.generator();
        this.template = template;
        this.format = ReplyFormat.of(template.source(), ChatRenderer.of(template));
        this.marks = marks();
    }

    /**
     * Begins a conversation, written by the model's own chat template.
     *
     * @param model that answers
     * @return an empty conversation
     * @throws BadInputException if the model has no chat template, or it is none
     */
    public static Chat with(Model model) {
        return with(
                model,
                model.chat()
                        .orElseThrow(() ->
                                new BadInputException(model + ": expected a model with a chat template, found none")));
    }

    /**
     * Begins a conversation.
     *
     * @param model that answers
     * @param template writes the conversation as text
     * @return an empty conversation
     */
    public static Chat with(Model model, ChatTemplate template) {
        return new Chat(model, template);
    }

    /**
     * {@return how a chat template has calls and thoughts written}
     *
     * @param template of a model
     */
    public static ChatFormat formatOf(ChatTemplate template) {
        return ReplyFormat.of(template.source(), ChatRenderer.of(template)).describe();
    }

    private BitSet marks() {
        Tokenizer tokenizer = model.tokenizer();
        BitSet found = new BitSet();
        for (int id = 0; id < tokenizer.vocabSize(); id++) {
            boolean control = tokenizer.isSpecial(id) && !tokenizer.isEndOfGeneration(id);
            if (control && tokenizer.piece(id).length() > 1 && format.spells(tokenizer.piece(id))) {
                found.set(id);
            }
        }
        return found;
    }

    /** {@return how the model's template has calls and thoughts written} */
    public ChatFormat format() {
        return format.describe();
    }

    /**
     * {@return the generator of the answers, for its settings: tokens, sampling, adapters, stop strings} Its prompt,
     * its form and its listener are this conversation's.
     */
    public Generator generator() {
        return generator;
    }

    /**
     * Sets what holds for the whole conversation, in place of what did; empty for nothing.
     *
     * @param text the instructions
     * @return this
     */
    public Chat system(String text) {
        messages.removeIf(Message.System.class::isInstance);
        if (!text.isEmpty()) {
            messages.add(0, Message.system(text));
        }
        return this;
    }

    /**
     * Sets the tools that the model may call, in place of those before.
     *
     * @param newTools all of different names
     * @return this
     * @throws BadInputException if two have one name
     */
    public Chat tools(List<Tool> newTools) {
        if (newTools.stream().map(Tool::name).distinct().count() < newTools.size()) {
            throw BadInputException.ofSetting(
                    "tools",
                    "different names",
                    newTools.stream().map(Tool::name).toList());
        }
        this.tools = List.copyOf(newTools);
        return this;
    }

    /**
     * Sets whether the model may, must or must not call tools; it may unless this is set.
     *
     * @param newChoice whether it may
     * @return this
     */
    public Chat toolChoice(ToolChoice newChoice) {
        this.choice = Objects.requireNonNull(newChoice, "choice");
        return this;
    }

    /**
     * Sets whether an answer may call several tools; it may unless this is set, where the template has room for them.
     *
     * @param several whether it may
     * @return this
     */
    public Chat parallelCalls(boolean several) {
        this.parallelCalls = several;
        return this;
    }

    /**
     * Sets whether the model is to think before it answers, for templates that can say so ({@code enable_thinking}).
     *
     * @param thinks whether it is to
     * @return this
     */
    public Chat thinking(boolean thinks) {
        return variable("enable_thinking", thinks).variable("thinking", thinks);
    }

    /**
     * Sets a variable of the chat template, for instance {@code reasoning_effort}.
     *
     * @param name of the variable
     * @param value a plain value: text, number, truth value, list or map
     * @return this
     */
    public Chat variable(String name, Object value) {
        variables.put(name, value);
        return this;
    }

    /**
     * Sets the form of the answer's words, beside which thoughts and calls may come as before.
     *
     * @param form the form
     * @return this
     */
    public Chat form(OutputForm form) {
        this.words = Objects.requireNonNull(form, "form");
        return this;
    }

    /**
     * Lets the answer's words have any form, as they may unless one is set.
     *
     * @return this
     */
    public Chat withoutForm() {
        this.words = null;
        return this;
    }

    /**
     * Gets each answer part by part, on the thread that generates. What it throws ends the answer and comes out of the
     * call that asked for it.
     *
     * @param newListener called on the thread that generates
     * @return this
     */
    public Chat onEvent(Consumer<ChatEvent> newListener) {
        this.listener = Objects.requireNonNull(newListener, "listener");
        return this;
    }

    /**
     * Adds a message, for instance the result of a call.
     *
     * @param message what is said
     * @return this
     */
    public Chat add(Message message) {
        messages.add(Objects.requireNonNull(message, "message"));
        return this;
    }

    /**
     * Replaces all messages, for instance by those of a conversation that was kept.
     *
     * @param others in their order
     * @return this
     */
    public Chat messages(List<? extends Message> others) {
        List<Message> copy = List.copyOf(others);
        messages.clear();
        messages.addAll(copy);
        return this;
    }

    /** {@return a copy of the messages so far} */
    public List<Message> messages() {
        return List.copyOf(messages);
    }

    /**
     * Takes back the last message of the user and all after it.
     *
     * @return whether there was one
     */
    public boolean undo() {
        for (int i = messages.size() - 1; i >= 0; i--) {
            if (messages.get(i) instanceof Message.User) {
                messages.subList(i, messages.size()).clear();
                return true;
            }
        }
        return false;
    }

    /**
     * Says something and returns the answer; both become part of the conversation. Blocks until it is whole.
     *
     * @param text what the user says
     * @return the answer
     * @throws BadInputException if the template refuses the conversation, it is longer than the context, or a tool's
     *     schema or the form is not supported; the conversation is then as before
     * @throws ResourceException if memory does not suffice
     * @throws OperationCancelledException if the thread is interrupted
     */
    public ChatReply say(String text) {
        return say(text, listener);
    }

    private ChatReply say(String text, Consumer<ChatEvent> to) {
        return answer(Message.user(text), "", words, to);
    }

    /**
     * Lets the model answer the messages so far, for instance after results of tools were added; as {@link #say}.
     *
     * @return the answer, which becomes part of the conversation
     */
    public ChatReply reply() {
        return answer(null, "", words, listener);
    }

    /**
     * Takes back the last answer and generates another; with the same seed and settings it is the same one.
     *
     * @return the answer
     * @throws BadInputException if nothing was answered yet
     */
    public ChatReply again() {
        int last = messages.size() - 1;
        if (last < 0 || !(messages.get(last) instanceof Message.Assistant)) {
            throw new BadInputException("conversation: expected an answer at its end, found none");
        }
        Message before = messages.remove(last);
        try {
            return reply();
        } catch (RuntimeException e) {
            messages.add(before);
            throw e;
        }
    }

    /**
     * Asks for a value of a type of Java. The question is followed by the schema for the model to see, which does not
     * become part of the conversation; the answer is JSON by it. No tools are called.
     *
     * @param text what the user says
     * @param type a record or a sealed interface of records, see {@link JavaSchema}
     * @param <T> the type
     * @return the value
     * @throws BadInputException as {@link #say}, or if the number of tokens ended the JSON before it was whole, or the
     *     record refuses it; the conversation has the answer as text then
     */
    public <T> T ask(String text, Class<T> type) {
        String schema = JavaSchema.of(type);
        ToolChoice before = choice;
        choice = ToolChoice.none();
        try {
            String told = "\n\nAnswer in JSON by this schema:\n" + schema;
            ChatReply reply = answer(Message.user(text), told, OutputForm.jsonSchema(schema), listener);
            if (!reply.generation().form().orElseThrow().complete()) {
                throw new BadInputException("answer: expected JSON of " + type.getSimpleName()
                        + ", found what ended before it was whole, by "
                        + reply.generation().finishReason().label());
            }
            return JavaSchema.read(reply.text(), type);
        } finally {
            choice = before;
        }
    }

    /**
     * Says something, calls the tools that the model calls, and lets it go on until it answers in words.
     *
     * @param text what the user says
     * @param box the tools; they are those of the conversation from now on
     * @param rounds most answers with calls, at least 1
     * @return the last answer; with calls if there were more rounds than that
     */
    public ChatReply say(String text, ToolBox box, int rounds) {
        tools(box.tools());
        ChatReply reply = say(text);
        for (int i = 0; i < rounds && !reply.calls().isEmpty(); i++) {
            for (ToolCall call : reply.calls()) {
                add(Message.result(call, box.call(call)));
            }
            reply = reply();
        }
        return reply;
    }

    /**
     * Says something; the answer's parts are a stream. It is generated on a thread of its own, whose failure the stream
     * throws. Closing the stream early cancels the answer.
     *
     * @param text what the user says
     * @return the parts, the last of them {@link ChatEvent.Finished}; use it in a try block
     */
    public Stream<ChatEvent> stream(String text) {
        return stream(text, THREADS);
    }

    /**
     * The same on a thread of the caller's, virtual or not.
     *
     * @param text what the user says
     * @param executor runs one task for as long as the answer takes
     * @return the parts
     */
    public Stream<ChatEvent> stream(String text, Executor executor) {
        return ChatThreads.stream(to -> say(text, to), this::cancel, executor);
    }

    /**
     * Says something when it is subscribed to; each subscriber gets an answer of its own, so one at a time. The model
     * waits where the subscriber asks for no more, and stops where it cancels.
     *
     * @param text what the user says
     * @return publishes the answer's parts
     */
    public Flow.Publisher<ChatEvent> publish(String text) {
        return publish(text, THREADS);
    }

    /**
     * The same on threads of the caller's, virtual or not.
     *
     * @param text what the user says
     * @param executor runs two tasks at a time for each subscriber
     * @return publishes the answer's parts
     */
    public Flow.Publisher<ChatEvent> publish(String text, Executor executor) {
        return ChatThreads.publisher(to -> say(text, to), this::cancel, executor);
    }

    /**
     * Says something on a thread of its own; cancelling the future cancels the answer.
     *
     * @param text what the user says
     * @return the answer
     */
    public CompletableFuture<ChatReply> sayLater(String text) {
        return sayLater(text, THREADS);
    }

    /**
     * The same on a thread of the caller's, virtual or not.
     *
     * @param text what the user says
     * @param executor runs one task for as long as the answer takes
     * @return the answer
     */
    public CompletableFuture<ChatReply> sayLater(String text, Executor executor) {
        return ChatThreads.later(() -> say(text), this::cancel, executor);
    }

    /** Ends the answer under way, if any, with what there is. Any thread. */
    public void cancel() {
        generator.cancel();
    }

    private ChatReply answer(
            Message.@Nullable User said, String told, @Nullable OutputForm form, Consumer<ChatEvent> to) {
        if (!busy.compareAndSet(false, true)) {
            throw new IllegalStateException("an answer of this conversation is under way");
        }
        int before = messages.size();
        try {
            List<Message> shown = new ArrayList<>(messages);
            if (said != null) {
                messages.add(said);
                shown.add(Message.user(said.text() + told));
            }
            ChatReply reply = generate(shown, form, to);
            messages.add(reply.message());
            to.accept(new ChatEvent.Finished(reply));
            return reply;
        } catch (RuntimeException | Error e) {
            messages.subList(Math.min(before, messages.size()), messages.size()).clear();
            throw e;
        } finally {
            busy.set(false);
        }
    }

    private ChatReply generate(List<Message> shown, @Nullable OutputForm form, Consumer<ChatEvent> to) {
        List<Tool> given = choice instanceof ToolChoice.None ? List.of() : tools;
        ChatRenderer renderer = ChatRenderer.of(template.withVariables(variables));
        List<Map<String, Object>> written = PromptWriter.messages(format, shown, given);
        List<Object> described = PromptWriter.toolsFor(format, given);
        String prompt = renderer.render(written, described, true);
        ReplyForms.of(format, given, choice, parallelCalls, form, prompt)
                .ifPresentOrElse(generator::form, generator::withoutForm);
        ReplyParser parser = new ReplyParser(
                new ReplyParser.Settings(format, given, !given.isEmpty(), format.thinksAfter(prompt), () -> "call%05d"
                        .formatted(++calls)),
                to);
        parser.add(format.begunBy(prompt));
        int[] ids = model.loaded().prompts().chat(written, described, renderer);
        Generation generation =
                generator.conversation(ids, renderer, marks).onText(parser::add).generate();
        return new ChatReply(parser.finish(), generation, parser.problems());
    }
}
