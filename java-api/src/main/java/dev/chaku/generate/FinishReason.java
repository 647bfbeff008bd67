package dev.chaku.generate;

import java.util.Locale;

/** Why a generation ended. */
public enum FinishReason {
    /** The model ended its text, or a stop string came up. */
    STOP,
    /** The number of tokens asked for, or the context of the model, was reached. */
    LENGTH,
    /** The caller cancelled. */
    CANCELLED,
    /** The time that the caller gave it was over. */
    DEADLINE;

    /** {@return the name as JSON and command lines write it, for instance {@code stop}} */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
