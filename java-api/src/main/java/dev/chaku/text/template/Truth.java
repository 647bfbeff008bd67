package dev.chaku.text.template;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Python's truth of a value. */
final class Truth {
    private Truth() {}

    static boolean of(@Nullable Object value) {
        if (value instanceof Boolean flag) {
            return flag;
        }
        if (value == null || value instanceof Undefined) {
            return false;
        }
        if (value instanceof CharSequence text) {
            return text.length() > 0;
        }
        if (value instanceof List<?> list) {
            return !list.isEmpty();
        }
        if (value instanceof Map<?, ?> map) {
            return !map.isEmpty();
        }
        if (value instanceof Tuple tuple) {
            return !tuple.items().isEmpty();
        }
        if (value instanceof DictView view) {
            return !view.items().isEmpty();
        }
        return !(value instanceof Number number) || number.doubleValue() != 0;
    }
}
