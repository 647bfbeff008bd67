package dev.chaku.text.template;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Arguments laid against the parameters of a {@link Builtin}, with the type checks that built-ins need. */
final class BoundArguments {
    private static final Object MISSING = new Object();

    private final Builtin builtin;
    private final @Nullable Object[] values;
    private final List<@Nullable Object> rest = new ArrayList<>();
    private final Map<String, @Nullable Object> named = new LinkedHashMap<>();

    private BoundArguments(Builtin builtin) {
        this.builtin = builtin;
        int count = builtin.parameters().length;
        boolean variadic = count > 0 && builtin.parameters()[count - 1].equals("*");
        values = new Object[variadic ? count - 1 : count];
        java.util.Arrays.fill(values, MISSING);
    }

    static BoundArguments bind(Builtin builtin, @Nullable Object self, boolean hasSelf, Arguments arguments) {
        BoundArguments bound = new BoundArguments(builtin);
        boolean variadic = bound.values.length < builtin.parameters().length;
        int index = 0;
        if (hasSelf) {
            bound.values[index++] = self;
        }
        for (Object value : arguments.positional()) {
            if (index < bound.values.length) {
                bound.values[index++] = value;
            } else if (variadic) {
                bound.rest.add(value);
            } else {
                throw TemplateFault.type(
                        "%s() takes at most %d arguments".formatted(builtin.name(), bound.values.length));
            }
        }
        arguments.named().forEach((name, value) -> bound.bindNamed(name, value, variadic));
        for (int i = 0; i < bound.values.length; i++) {
            if (bound.values[i] == MISSING && !builtin.parameters()[i].endsWith("?")) {
                throw TemplateFault.type(
                        "%s() is missing argument '%s'".formatted(builtin.name(), builtin.parameters()[i]));
            }
        }
        return bound;
    }

    private void bindNamed(String name, @Nullable Object value, boolean variadic) {
        for (int i = 0; i < values.length; i++) {
            String parameter = builtin.parameters()[i];
            if (parameter.equals(name) || parameter.equals(name + "?")) {
                values[i] = value;
                return;
            }
        }
        if (!variadic) {
            throw TemplateFault.type("%s() got an unexpected keyword argument '%s'".formatted(builtin.name(), name));
        }
        named.put(name, value);
    }

    /** The number of parameters, given or not. */
    int size() {
        return values.length;
    }

    boolean given(int index) {
        return values[index] != MISSING;
    }

    @Nullable
    Object value(int index) {
        return values[index];
    }

    @Nullable
    Object value(int index, @Nullable Object otherwise) {
        return given(index) ? values[index] : otherwise;
    }

    CharSequence text(int index) {
        if (values[index] instanceof CharSequence text) {
            return text;
        }
        throw TemplateFault.type(
                "%s() expected a str, found %s".formatted(builtin.name(), TypeNames.of(values[index])));
    }

    CharSequence text(int index, String otherwise) {
        return given(index) ? text(index) : otherwise;
    }

    /** A str, or null for an argument that is missing or None. */
    @Nullable
    String textOrNull(int index) {
        return !given(index) || values[index] == null ? null : text(index).toString();
    }

    int integer(int index, int otherwise) {
        if (!given(index) || values[index] == null) {
            return otherwise;
        }
        if (values[index] instanceof Long number) {
            return (int) Math.max(Integer.MIN_VALUE, Math.min(Integer.MAX_VALUE, number));
        }
        if (values[index] instanceof Boolean flag) {
            return flag ? 1 : 0;
        }
        throw TemplateFault.type(
                "%s() expected an int, found %s".formatted(builtin.name(), TypeNames.of(values[index])));
    }

    boolean flag(int index, boolean otherwise) {
        return given(index) ? Truth.of(values[index]) : otherwise;
    }

    List<@Nullable Object> rest() {
        return rest;
    }

    Map<String, @Nullable Object> named() {
        return named;
    }
}
