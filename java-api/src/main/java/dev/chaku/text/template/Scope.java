package dev.chaku.text.template;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** The variables of one block, by name id; what is not here is looked up in the scope around it. Not thread-safe. */
final class Scope {
    private static final Object NONE = new Object();

    private final @Nullable Scope parent;
    private final @Nullable Object[] values;

    Scope(@Nullable Scope parent, int names) {
        this.parent = parent;
        this.values = new Object[names];
    }

    /** A scope within this one. */
    Scope inner() {
        return new Scope(this, values.length);
    }

    void set(int id, @Nullable Object value) {
        values[id] = value == null ? NONE : value;
    }

    /** Returns the value, or an {@link Undefined} that names the variable. */
    @Nullable
    Object get(int id, String name) {
        for (Scope scope = this; scope != null; scope = scope.parent) {
            Object value = scope.values[id];
            if (value != null) {
                return value == NONE ? null : value;
            }
        }
        return Undefined.variable(name);
    }

    /** Forgets what was assigned, as each iteration of a loop does. */
    void clear() {
        Arrays.fill(values, null);
    }
}
