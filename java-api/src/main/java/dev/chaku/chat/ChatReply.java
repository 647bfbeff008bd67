package dev.chaku.chat;

import dev.chaku.generate.Generation;
import java.util.List;
import java.util.Objects;

/**
 * An answer. Immutable.
 *
 * @param message what the model says, thinks and calls
 * @param generation how it was generated: tokens, speed, why it ended; its text is as the model wrote it
 * @param problems what was written like a call and is none, each expected and found; it stands in the message's text
 */
public record ChatReply(Message.Assistant message, Generation generation, List<String> problems) {
    public ChatReply {
        Objects.requireNonNull(message, "message");
        Objects.requireNonNull(generation, "generation");
        problems = List.copyOf(problems);
    }

    /** {@return the answer's words} */
    public String text() {
        return message.text();
    }

    /** {@return the tools that it calls} */
    public List<ToolCall> calls() {
        return message.calls();
    }

    @Override
    public String toString() {
        return message.text();
    }
}
