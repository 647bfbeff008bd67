package dev.chaku.chat;

import java.util.List;
import java.util.Objects;

/** A message of a conversation. Immutable. */
public sealed interface Message {
    /** {@return what it says; of an assistant without its thoughts and calls, and empty if it says nothing} */
    String text();

    /**
     * What holds for the whole conversation.
     *
     * @param text the instructions
     */
    record System(String text) implements Message {
        public System {
            Objects.requireNonNull(text, "text");
        }
    }

    /**
     * What the user says.
     *
     * @param text the words
     */
    record User(String text) implements Message {
        public User {
            Objects.requireNonNull(text, "text");
        }
    }

    /**
     * What the model answers.
     *
     * @param text the words; empty for none
     * @param reasoning what it thought before; empty for none
     * @param calls the tools that it calls, in their order; copied
     */
    record Assistant(String text, String reasoning, List<ToolCall> calls) implements Message {
        public Assistant {
            Objects.requireNonNull(text, "text");
            Objects.requireNonNull(reasoning, "reasoning");
            calls = List.copyOf(calls);
        }
    }

    /**
     * What came of a call.
     *
     * @param callId the id of the call
     * @param name the tool that was called
     * @param text its result, as the model reads it: JSON or words
     */
    record ToolResult(String callId, String name, String text) implements Message {
        public ToolResult {
            Objects.requireNonNull(callId, "callId");
            Objects.requireNonNull(name, "name");
            Objects.requireNonNull(text, "text");
        }
    }

    /**
     * {@return a message of instructions}
     *
     * @param text the instructions
     */
    static System system(String text) {
        return new System(text);
    }

    /**
     * {@return a message of the user}
     *
     * @param text the words
     */
    static User user(String text) {
        return new User(text);
    }

    /**
     * {@return an answer of words alone}
     *
     * @param text the words
     */
    static Assistant assistant(String text) {
        return new Assistant(text, "", List.of());
    }

    /**
     * {@return what came of a call}
     *
     * @param call the call, as the model made it
     * @param text its result, as the model reads it
     */
    static ToolResult result(ToolCall call, String text) {
        return new ToolResult(call.id(), call.name(), text);
    }
}
