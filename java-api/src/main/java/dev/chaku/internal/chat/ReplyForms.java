package dev.chaku.internal.chat;

import dev.chaku.chat.Tool;
import dev.chaku.chat.ToolChoice;
import dev.chaku.errors.BadInputException;
import dev.chaku.generate.OutputForm;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Forms of answers: thoughts, then words or calls, by what may come. */
public final class ReplyForms {
    private ReplyForms() {}

    /**
     * The form of an answer; empty where it may be anything.
     *
     * @param tools that may be called
     * @param several whether more than one call may come
     * @param words form of the words; null for any
     * @param prompt that the answer follows
     * @throws BadInputException if a tool is to be called that is none of them
     */
    public static Optional<OutputForm> of(
            ReplyFormat format,
            List<Tool> tools,
            ToolChoice choice,
            boolean several,
            @Nullable OutputForm words,
            String prompt) {
        List<Tool> callable = callable(tools, choice);
        if (callable.isEmpty() && words == null) {
            return Optional.empty();
        }
        ChatFamily family = format.family();
        OutputForm answer = family.words(words != null ? words : free(format));
        if (!callable.isEmpty()) {
            boolean one = !several || !family.parallelCalls() || choice instanceof ToolChoice.Named;
            OutputForm calls = family.calls(callable, !one);
            if (!(choice instanceof ToolChoice.Auto)) {
                answer = calls;
            } else if (words != null) {
                answer = OutputForm.oneOf(answer, calls);
            } else {
                boolean apart = !family.words(OutputForm.literal("")).equals(OutputForm.literal(""));
                answer = apart || !family.triggersAtStart().isEmpty()
                        ? OutputForm.oneOf(answer, calls)
                        : OutputForm.sequence(answer, OutputForm.optional(calls));
            }
        }
        String begun = format.begunBy(prompt);
        return Optional.of(format.withThoughts(begun.isEmpty() ? answer : after(begun, answer), prompt));
    }

    private static List<Tool> callable(List<Tool> tools, ToolChoice choice) {
        if (choice instanceof ToolChoice.None) {
            return List.of();
        }
        if (tools.isEmpty() && !(choice instanceof ToolChoice.Auto)) {
            throw BadInputException.ofSetting("tool choice", "tools to choose from", "none");
        }
        if (choice instanceof ToolChoice.Named named) {
            List<Tool> one = tools.stream()
                    .filter(tool -> tool.name().equals(named.name()))
                    .toList();
            if (one.isEmpty()) {
                throw BadInputException.ofSetting(
                        "tool choice",
                        "one of " + tools.stream().map(Tool::name).toList(),
                        named.name());
            }
            return one;
        }
        return tools;
    }

    /** Words in which no mark comes up that says something else. */
    private static OutputForm free(ReplyFormat format) {
        List<String> marks = new ArrayList<>(format.family().triggers());
        marks.addAll(format.family().silent().stream()
                .filter(mark -> marks.stream().noneMatch(mark::contains))
                .toList());
        marks.addAll(format.thoughts().opens());
        List<String> first = new ArrayList<>();
        for (String mark : format.family().triggersAtStart()) {
            // An object that is no call may well be an answer.
            first.addAll(mark.equals("{") ? List.of("{\"name\"", "{ \"name\"", "{\n") : List.of(mark));
        }
        return new OutputForm.Free(marks, first);
    }

    /** What is left of a form after a text that it begins with, in every way that it can begin. */
    private static OutputForm after(String begun, OutputForm form) {
        if (form instanceof OutputForm.Literal literal && literal.text().startsWith(begun)) {
            return OutputForm.literal(literal.text().substring(begun.length()));
        } else if (form instanceof OutputForm.Sequence sequence) {
            List<OutputForm> parts = new ArrayList<>(sequence.parts());
            parts.set(0, after(begun, parts.get(0)));
            return new OutputForm.Sequence(parts);
        } else if (form instanceof OutputForm.OneOf options) {
            return new OutputForm.OneOf(
                    options.options().stream().map(each -> after(begun, each)).toList());
        } else if (form instanceof OutputForm.Repeated repeated && repeated.minimum() > 0) {
            int more = repeated.maximum() == Integer.MAX_VALUE ? Integer.MAX_VALUE : repeated.maximum() - 1;
            return OutputForm.sequence(
                    after(begun, repeated.body()),
                    new OutputForm.Repeated(repeated.body(), repeated.minimum() - 1, more));
        }
        throw new IllegalStateException("a form that does not begin with " + begun);
    }
}
