package dev.chaku.text.template;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Python's tuple.
 *
 * @param names of the items, for a named tuple; else empty
 */
record Tuple(List<@Nullable Object> items, List<String> names) {
    Tuple(List<@Nullable Object> items) {
        this(items, List.of());
    }

    static Tuple of(@Nullable Object first, @Nullable Object second) {
        return new Tuple(Arrays.asList(first, second));
    }
}
