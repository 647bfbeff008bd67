package dev.chaku.text.template;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A function, filter, test or method of the interpreter. For filters, tests and methods, parameter 0 is the value they
 * apply to.
 *
 * @param parameters names in order; {@code ?} at the end marks an optional one, a last {@code *} takes the rest
 */
record Builtin(String name, String[] parameters, Body body) {
    /** What a built-in does with its bound arguments. */
    interface Body {
        @Nullable
        Object apply(Rendering rendering, BoundArguments arguments);
    }

    static void add(Map<String, Builtin> registry, String name, String parameters, Body body) {
        registry.put(name, new Builtin(name, parameters.isEmpty() ? new String[0] : parameters.split(" "), body));
    }

    @Nullable
    Object call(Rendering rendering, Arguments arguments) {
        return body.apply(rendering, BoundArguments.bind(this, null, false, arguments));
    }

    @Nullable
    Object callOn(Rendering rendering, @Nullable Object self, Arguments arguments) {
        if (self instanceof CharSequence text) {
            rendering.budget().scan(text);
        }
        return body.apply(rendering, BoundArguments.bind(this, self, true, arguments));
    }

    /** A global function as a value. */
    record Function(Builtin builtin) implements Callable {
        @Override
        public @Nullable Object call(Rendering rendering, Arguments arguments) {
            return builtin.call(rendering, arguments);
        }

        @Override
        public String description() {
            return "<function " + builtin.name() + ">";
        }
    }

    /** A method of a value. */
    record Method(Builtin builtin, Object self) implements Callable {
        @Override
        public @Nullable Object call(Rendering rendering, Arguments arguments) {
            return builtin.callOn(rendering, self, arguments);
        }

        @Override
        public String description() {
            return "<built-in method " + builtin.name() + " of " + TypeNames.of(self) + " object>";
        }
    }
}
