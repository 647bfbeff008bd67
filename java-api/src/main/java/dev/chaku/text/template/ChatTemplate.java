package dev.chaku.text.template;

import dev.chaku.errors.BadInputException;
import dev.chaku.io.FileFault;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A chat template: how a model wants a conversation written. Immutable and thread-safe.
 *
 * <p>Templates come from model files and so are not trusted: they can only compute, within limits on steps, depth and
 * size.
 */
public final class ChatTemplate {
    private static final Map<String, String> BUILT_IN = new TreeMap<>(BuiltInTemplates.all());

    /** An answer that no template spells itself. */
    private static final String PROBE = "Sundry answer";

    private final Template template;
    private final String source;
    private final Map<String, Object> variables;
    private final String bos;
    private final String eos;
    private final Clock clock;

    private ChatTemplate(
            Template template, String source, Map<String, Object> variables, String bos, String eos, Clock clock) {
        this.template = template;
        this.source = source;
        this.variables = variables;
        this.bos = bos;
        this.eos = eos;
        this.clock = clock;
    }

    /** A rendered text, and the spans of it that lie in {@code {% generation %}} blocks: begin and end of each. */
    public record Rendered(String text, List<int[]> generations) {}

    /**
     * Parses a template.
     *
     * @param name what messages call it
     * @param source of the template, in Jinja
     * @param bos the token before a text, as {@code bos_token}; may be empty
     * @param eos the token after a text, as {@code eos_token}; may be empty
     * @return the template
     * @throws BadInputException if it is no Jinja, naming the line, what was expected and found
     */
    public static ChatTemplate parse(String name, String source, String bos, String eos) {
        return new ChatTemplate(
                Template.parse(name, source, TemplateLimits.DEFAULT),
                source,
                Map.of(),
                bos,
                eos,
                Clock.systemDefaultZone());
    }

    /**
     * {@return a built-in template by its name, or one read from a file}
     *
     * @param nameOrFile one of {@link #builtInNames}, or a path
     * @param bos the token that begins texts; empty for none
     * @param eos the token that ends texts; empty for none
     * @throws BadInputException if it is neither; the message lists the names
     */
    public static ChatTemplate named(String nameOrFile, String bos, String eos) {
        String builtIn = BUILT_IN.get(nameOrFile);
        if (builtIn != null) {
            return parse(nameOrFile, builtIn, bos, eos);
        }
        Path file = Path.of(nameOrFile);
        if (!Files.isRegularFile(file)) {
            throw new BadInputException("chat template: expected a file or one of "
                    + String.join(", ", BUILT_IN.keySet()) + ", found '" + nameOrFile + "'");
        }
        try {
            return parse(nameOrFile, Files.readString(file), bos, eos);
        } catch (IOException e) {
            throw FileFault.notRead(file, e);
        }
    }

    /** {@return the names of the built-in templates} */
    public static List<String> builtInNames() {
        return List.copyOf(BUILT_IN.keySet());
    }

    /**
     * The same template with another clock for {@code strftime_now}.
     *
     * @param newClock tells the time and its zone
     * @return a copy
     */
    public ChatTemplate withClock(Clock newClock) {
        return new ChatTemplate(template, source, variables, bos, eos, newClock);
    }

    /**
     * The same template with variables of its own, such as {@code enable_thinking}, in place of those it had.
     *
     * @param values by name, plain Java values; copied
     * @return a copy
     */
    public ChatTemplate withVariables(Map<String, ?> values) {
        return new ChatTemplate(template, source, Map.copyOf(values), bos, eos, clock);
    }

    /** {@return the template as it is written} */
    public String source() {
        return source;
    }

    /**
     * Renders a conversation.
     *
     * @param messages each with {@code role} and {@code content}, as plain Java values
     * @param tools descriptions of functions; empty for none
     * @param addGenerationPrompt whether the text ends where the assistant's next turn begins
     * @return the text
     * @throws BadInputException if the template refuses the conversation or fails
     */
    public String render(List<Map<String, Object>> messages, List<Object> tools, boolean addGenerationPrompt) {
        return render(messages, tools, addGenerationPrompt, Map.of()).text();
    }

    /**
     * Renders with further variables; see {@link #render(List, List, boolean)}.
     *
     * @param messages each with {@code role} and {@code content}, as chat templates take them
     * @param tools descriptions of functions that the model may call, as JSON Schema; often empty
     * @param addGenerationPrompt whether the beginning of an answer is added
     * @param variables by name, beside those that every template gets; they go before the template's own
     * @return the text and what is known of it
     */
    public Rendered render(
            List<Map<String, Object>> messages,
            List<Object> tools,
            boolean addGenerationPrompt,
            Map<String, Object> variables) {
        Map<String, Object> given = new HashMap<>(this.variables);
        given.putAll(variables);
        CharSequence text = template.render(
                variable -> given.containsKey(variable)
                        ? ValueImporter.take(given.get(variable), variable)
                        : switch (variable) {
                            case "messages" -> ValueImporter.take(messages, variable);
                            case "tools" ->
                                tools.isEmpty() ? Undefined.variable(variable) : ValueImporter.take(tools, variable);
                            case "add_generation_prompt" -> addGenerationPrompt;
                            case "bos_token" -> bos;
                            case "eos_token" -> eos;
                            default -> Undefined.variable(variable);
                        },
                clock);
        return new Rendered(
                text.toString(),
                Text.marks(text).stream()
                        .map(mark -> new int[] {mark.start(), mark.end()})
                        .toList());
    }

    /**
     * What the template writes after an assistant's answer.
     *
     * @param last after an answer that is the last message; empty if nothing, or if the template refuses such a
     *     conversation
     * @param beforeNext after one that the user answers, up to the end of the text; likewise
     */
    public record AfterAnswer(String last, String beforeNext) {}

    /**
     * Asks the template, with a conversation of its own, how answers end.
     *
     * @return what follows answers
     */
    public AfterAnswer afterAnswer() {
        List<Map<String, Object>> turn =
                List.of(Map.of("role", "user", "content", "Question"), Map.of("role", "assistant", "content", PROBE));
        List<Map<String, Object>> next = new ArrayList<>(turn);
        next.add(Map.of("role", "user", "content", "Question"));
        return new AfterAnswer(afterProbe(turn), afterProbe(next));
    }

    private String afterProbe(List<Map<String, Object>> messages) {
        try {
            String text = render(messages, List.of(), false);
            int at = text.lastIndexOf(PROBE);
            return at < 0 ? "" : text.substring(at + PROBE.length());
        } catch (BadInputException e) {
            return "";
        }
    }

    /**
     * {@return what the template itself said when it refused the conversation, if that is why rendering failed}
     *
     * @param failure what rendering threw
     */
    public static Optional<String> refusal(BadInputException failure) {
        return failure.getCause() instanceof TemplateFault fault && fault.isRaised()
                ? Optional.of(String.valueOf(fault.getMessage()))
                : Optional.empty();
    }
}
