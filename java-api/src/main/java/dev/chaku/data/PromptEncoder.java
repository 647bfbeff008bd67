package dev.chaku.data;

import dev.chaku.errors.BadInputException;
import dev.chaku.text.Tokenizer;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Encodes conversations to go on from, exactly as {@link ExampleEncoder} encodes what stands before an answer: what the
 * template writes is read as special tokens, what messages spell is text. Immutable and thread-safe.
 */
public final class PromptEncoder {
    private static final String PROBE = "chaku_probe";
    private static final List<Map<String, Object>> PROBE_TALK =
            List.of(Map.of("role", "user", "content", "x"), Map.of("role", "assistant", "content", PROBE));

    private final Tokenizer tokenizer;
    private final SpecialText special;
    private final SeamEncoder seam;

    /**
     * Makes an encoder over a tokenizer.
     *
     * @param tokenizer of the model that the data are for
     */
    public PromptEncoder(Tokenizer tokenizer) {
        Objects.requireNonNull(tokenizer, "tokenizer");
        this.tokenizer = tokenizer;
        this.special = SpecialText.of(tokenizer);
        this.seam = new SeamEncoder(tokenizer);
    }

    /**
     * {@return the tokens of a conversation up to where the assistant's next turn begins}
     *
     * @param messages each with {@code role} and {@code content}
     * @param tools descriptions of functions; empty for none
     * @param template writes the conversation as text
     * @throws BadInputException if a message has no role or content, or the template refuses the conversation
     */
    public int[] chat(List<Map<String, Object>> messages, List<Object> tools, ChatRenderer template) {
        SpecialText.Marked marked = special.mark(ChatPrompt.of(messages), tools, template);
        TokenRun run = new TokenRun();
        add(marked, template.render(marked.messages(), marked.tools(), true), 0, run);
        return run.tokens();
    }

    /**
     * {@return the text that a template writes after an answer where no token ends it, as of ChatML in a vocabulary
     * without its tags: generation is to stop there} Empty where a special token comes first, or nothing.
     *
     * @param template writes the conversation as text
     */
    public String turnEnd(ChatRenderer template) {
        String text;
        try {
            text = template.render(PROBE_TALK, List.of(), false);
        } catch (BadInputException e) {
            return ""; // It writes only conversations of some kind.
        }
        int at = text.lastIndexOf(PROBE);
        String tail = at < 0 ? "" : text.substring(at + PROBE.length());
        return special.firstIn(tail)
                .map(token -> tail.substring(0, tail.indexOf(token)))
                .orElse(tail)
                .strip();
    }

    /**
     * {@return a text to go on from}
     *
     * @param text the text
     * @param parseSpecial whether special tokens that it spells are read as such
     * @throws BadInputException if it has half a character, for which there are no tokens
     */
    public int[] text(String text, boolean parseSpecial) {
        return tokenizer.encodePrompt(ChatPrompt.text(text), parseSpecial);
    }

    /**
     * {@return the first special token that a text spells, if any}
     *
     * @param text the text
     */
    public Optional<String> spelledIn(String text) {
        return special.firstIn(text);
    }

    SpecialText special() {
        return special;
    }

    /** Encodes rendered text that goes on after a run, or begins it. */
    void add(SpecialText.Marked conversation, String rendered, float weight, TokenRun run) {
        for (String part : conversation.parts(rendered)) {
            // Templates as a rule write the begin-of-text token themselves; it is then not added.
            int[] tokens = run.size() == 0 ? tokenizer.encodePrompt(part, true) : seam.encode(part, run.last(), true);
            run.add(tokens, weight);
        }
    }

    /**
     * {@return the tokens of plain text that goes on after a prompt, as a completion is encoded in training}
     *
     * @param last the prompt's last token
     * @param text the text
     * @param parseSpecial whether special tokens written in it are read as such, rather than as their characters
     */
    public int[] continuation(int last, String text, boolean parseSpecial) {
        return seam.encode(text, last, parseSpecial);
    }

    /** Encodes plain text that goes on after a run. */
    int[] continuation(String text, TokenRun run, boolean parseSpecial) {
        return seam.encode(text, run.last(), parseSpecial);
    }
}
