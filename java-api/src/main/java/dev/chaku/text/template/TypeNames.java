package dev.chaku.text.template;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The names by which Python's messages call the type of a value. */
final class TypeNames {
    private TypeNames() {}

    static String of(@Nullable Object value) {
        if (value == null) {
            return "NoneType";
        }
        if (value instanceof Boolean) {
            return "bool";
        }
        if (value instanceof Double) {
            return "float";
        }
        if (value instanceof Number) {
            return "int";
        }
        if (value instanceof CharSequence) {
            return "str";
        }
        if (value instanceof Range) {
            return "range";
        }
        if (value instanceof List<?>) {
            return "list";
        }
        if (value instanceof Map<?, ?>) {
            return "dict";
        }
        if (value instanceof OneShot oneShot) {
            return oneShot.typeName();
        }
        if (value instanceof DictView view) {
            return view.typeName();
        }
        return value instanceof Callable ? "function" : value.getClass().getSimpleName();
    }

    /** The name in messages about missing attributes. */
    static String ofOwner(@Nullable Object value) {
        if (value == null) {
            return "None";
        }
        return value instanceof Namespace ? "jinja2.utils.Namespace object" : of(value) + " object";
    }
}
