package dev.chaku.text.template;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The functions that every template can call. */
final class Globals {
    private static final Map<String, Builtin> FUNCTIONS = new HashMap<>();

    static {
        Builtin.add(FUNCTIONS, "range", "start stop? step?", (r, a) -> {
            for (int i = 0; i < 3; i++) {
                if (a.given(i) && !(a.value(i) instanceof Long) && !(a.value(i) instanceof Boolean)) {
                    throw TemplateFault.type(
                            "'%s' object cannot be interpreted as an integer".formatted(TypeNames.of(a.value(i))));
                }
            }
            long first = Arithmetic.integer(a.value(0)).longValue();
            return a.given(1)
                    ? new Range(
                            first,
                            Arithmetic.integer(a.value(1)).longValue(),
                            Arithmetic.integer(a.value(2, 1L)).longValue())
                    : new Range(0, first, 1);
        });
        Builtin.add(FUNCTIONS, "namespace", "*", (r, a) -> new Namespace(dict(r, a)));
        Builtin.add(FUNCTIONS, "dict", "*", (r, a) -> dict(r, a));
        Builtin.add(FUNCTIONS, "joiner", "sep?", (r, a) -> new Joiner(a.text(0, ", ")));
        Builtin.add(FUNCTIONS, "cycler", "*", (r, a) -> new Cycler(a.rest()));
        Builtin.add(FUNCTIONS, "raise_exception", "message", (r, a) -> {
            throw new TemplateFault(
                    TemplateFault.RAISED, Repr.str(r.budget(), a.value(0)).toString());
        });
        Builtin.add(
                FUNCTIONS,
                "strftime_now",
                "format",
                (r, a) -> Strftime.format(r.now(), a.text(0).toString()));
    }

    private Globals() {}

    /** The global of a name, or null. */
    static @Nullable Object find(String name) {
        Builtin function = FUNCTIONS.get(name);
        return function == null ? null : new Builtin.Function(function);
    }

    private static Map<Object, @Nullable Object> dict(Rendering rendering, BoundArguments a) {
        Map<Object, @Nullable Object> map = new LinkedHashMap<>();
        for (Object source : a.rest()) {
            if (source instanceof Map<?, ?> other) {
                map.putAll(other);
                continue;
            }
            for (Object pair : Values.list(rendering.budget(), source)) {
                java.util.List<@Nullable Object> entry = Values.list(rendering.budget(), pair);
                if (entry.size() != 2) {
                    throw TemplateFault.value("dict() expected pairs, found %d elements".formatted(entry.size()));
                }
                map.put(Values.key(rendering.budget(), entry.get(0)), entry.get(1));
            }
        }
        map.putAll(a.named());
        return map;
    }
}
