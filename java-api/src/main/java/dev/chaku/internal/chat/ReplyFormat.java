package dev.chaku.internal.chat;

import dev.chaku.chat.ChatFormat;
import dev.chaku.data.ChatRenderer;
import dev.chaku.generate.OutputForm;
import java.util.List;

/** How a model writes its answers, found by reading its template and by trying it. Immutable and thread-safe. */
public final class ReplyFormat {
    private final ChatFamily family;
    private final Thoughts thoughts;
    private final TemplateTraits traits;

    private ReplyFormat(ChatFamily family, Thoughts thoughts, TemplateTraits traits) {
        this.family = family;
        this.thoughts = thoughts;
        this.traits = traits;
    }

    /**
     * Reads a template.
     *
     * @param source of the template
     * @param renderer of the same
     */
    public static ReplyFormat of(String source, ChatRenderer renderer) {
        ChatFamily family = ChatFamilies.of(source);
        return new ReplyFormat(family, family.thoughts(source), TemplateTraits.of(renderer));
    }

    ChatFamily family() {
        return family;
    }

    Thoughts thoughts() {
        return thoughts;
    }

    TemplateTraits traits() {
        return traits;
    }

    /** What is told of it. */
    public ChatFormat describe() {
        return new ChatFormat(
                family.name(),
                traits.writesTools(),
                traits.writesCalls() && traits.writesResults(),
                family.parallelCalls(),
                !thoughts.written().isEmpty());
    }

    /** Whether a prompt ends in the middle of a thought. */
    public boolean thinksAfter(String prompt) {
        String end = prompt.stripTrailing();
        return thoughts.opens().stream().anyMatch(end::endsWith);
    }

    /** Whether a prompt ends with a thought that is over: the model is to answer at once. */
    private boolean isThoughtOver(String prompt) {
        return !thoughts.opens().isEmpty() && prompt.stripTrailing().endsWith(thoughts.closed());
    }

    /** What a prompt leaves begun that the answer goes on after; empty for nothing. */
    public String begunBy(String prompt) {
        String end = prompt.stripTrailing();
        return family.begun().stream().filter(end::endsWith).findFirst().orElse("");
    }

    /** Whether a control token is one of the marks that a parser looks for. */
    public boolean spells(String token) {
        return family.triggers().stream().anyMatch(mark -> mark.contains(token))
                || family.silent().contains(token)
                || thoughts.opens().contains(token)
                || thoughts.closes().contains(token)
                || thoughts.written().contains(token)
                || family.calls(TemplateTraits.PROBE_TOOLS, true).toString().contains(token);
    }

    OutputForm withThoughts(OutputForm answer, String prompt) {
        if (thoughts.written().isEmpty() || isThoughtOver(prompt)) {
            return answer;
        }
        OutputForm gap = OutputForm.regex("[ \n]{0,2}");
        OutputForm rest = OutputForm.sequence(
                new OutputForm.Free(thoughts.closes(), List.of()), OutputForm.literal(thoughts.closed()), gap);
        if (thinksAfter(prompt)) {
            return OutputForm.sequence(rest, answer);
        }
        return OutputForm.sequence(
                OutputForm.optional(OutputForm.sequence(OutputForm.literal(thoughts.written()), rest)), answer);
    }
}
