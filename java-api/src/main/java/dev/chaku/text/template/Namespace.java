package dev.chaku.text.template;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The one value that a template may change: it carries assignments out of loops. */
record Namespace(Map<Object, @Nullable Object> attributes) {
    Namespace() {
        this(new LinkedHashMap<>());
    }
}
