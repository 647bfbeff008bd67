package dev.chaku.internal.chat;

import dev.chaku.chat.Tool;
import dev.chaku.chat.ToolCall;
import dev.chaku.generate.OutputForm;
import java.util.List;

/** How the models of a family write thoughts, words and calls. Immutable and thread-safe. */
interface ChatFamily {
    /** What comes after a mark was read. */
    enum Mode {
        TEXT,
        REASONING
    }

    /** In small letters, for instance {@code hermes}. */
    String name();

    /** Whether a template is of this family. */
    boolean wrote(String template);

    /** Marks of thoughts, as a template of the family has them. */
    default Thoughts thoughts(String template) {
        return Thoughts.in(template);
    }

    /** Marks that stand in an answer and say nothing. */
    default List<String> silent() {
        return List.of();
    }

    /** Marks that begin calls, wherever they stand. */
    List<String> triggers();

    /** Marks that begin calls at the beginning of an answer. */
    default List<String> triggersAtStart() {
        return List.of();
    }

    /** How the template's prompt leaves the answer begun, as text that the answer then goes on after. */
    default List<String> begun() {
        return List.of();
    }

    /** Whether an answer may have several calls. */
    default boolean parallelCalls() {
        return true;
    }

    /**
     * Reads what a trigger begins.
     *
     * @return what comes after it
     */
    Mode read(Reading in, CallSink out, List<Tool> tools);

    /**
     * One call of one of the tools or more, with all marks, and nothing else.
     *
     * @param several whether there may be more than one
     */
    OutputForm calls(List<Tool> tools, boolean several);

    /** Words of a form, with the marks that stand around words; without thoughts. */
    default OutputForm words(OutputForm words) {
        return words;
    }

    /** Calls as they stand in the content of a message. */
    String write(List<ToolCall> calls);
}
