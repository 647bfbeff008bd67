package dev.chaku.chat;

import java.util.Objects;

/** Whether a model may, must or must not call tools. */
public sealed interface ToolChoice {
    /** It answers in words; the tools are not shown to it. */
    record None() implements ToolChoice {}

    /** It answers in words, or calls tools. */
    record Auto() implements ToolChoice {}

    /** It calls at least one tool. */
    record Required() implements ToolChoice {}

    /**
     * It calls one tool.
     *
     * @param name of the tool
     */
    record Named(String name) implements ToolChoice {
        public Named {
            Objects.requireNonNull(name, "name");
        }
    }

    /** {@return no calls} */
    static ToolChoice none() {
        return new None();
    }

    /** {@return words or calls, as the model wants it: what holds unless another is set} */
    static ToolChoice auto() {
        return new Auto();
    }

    /** {@return at least one call} */
    static ToolChoice required() {
        return new Required();
    }

    /**
     * {@return one call of one tool}
     *
     * @param tool its name
     */
    static ToolChoice named(String tool) {
        return new Named(tool);
    }
}
