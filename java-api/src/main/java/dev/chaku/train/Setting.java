package dev.chaku.train;

import dev.chaku.errors.BadInputException;

/**
 * A setting as the description of a run names it.
 *
 * @param name in lower case with underscores: the key in {@code config.json}, and what is compared on resume
 * @param value a text, a number or whether
 * @param decides whether a run with another value would give another result, so that it cannot be resumed with one
 */
public record Setting(String name, Object value, boolean decides) {
    /** A setting that decides the result, as most do. */
    static Setting of(String name, Object value) {
        return new Setting(name, value, true);
    }

    /** Refuses a value that is out of its range. */
    static void require(boolean holds, String name, String expected, Object found) {
        if (!holds) {
            throw BadInputException.ofSetting(name, expected, found);
        }
    }
}
