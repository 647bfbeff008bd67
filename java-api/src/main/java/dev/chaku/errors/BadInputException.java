package dev.chaku.errors;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A file, data set, model, adapter or setting is wrong or not supported; mend it and try again. */
public final class BadInputException extends ChakuException {
    private final @Nullable String setting;

    /**
     * Says that there was an input that is wrong.
     *
     * @param message what went wrong, in words: file, line or tensor, expected and found
     */
    public BadInputException(String message) {
        super(message);
        setting = null;
    }

    /**
     * Says that there was an input that is wrong.
     *
     * @param message what went wrong, in words: file, line or tensor, expected and found
     * @param cause what the reading or writing threw
     */
    public BadInputException(String message, Throwable cause) {
        super(message, cause);
        setting = null;
    }

    private BadInputException(String setting, String problem) {
        super(setting + ": " + problem);
        this.setting = setting;
    }

    /**
     * {@return a setting out of its range}
     *
     * @param setting its name in words, for instance {@code learning rate}; the message begins with it
     * @param expected the range
     * @param found the value
     */
    public static BadInputException ofSetting(String setting, Object expected, Object found) {
        return new BadInputException(setting, "expected " + expected + ", found " + found);
    }

    /**
     * {@return the setting that is out of its range, if that is what is wrong: a command line names its option instead}
     */
    public Optional<String> setting() {
        return Optional.ofNullable(setting);
    }
}
