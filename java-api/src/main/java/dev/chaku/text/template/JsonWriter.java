package dev.chaku.text.template;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Python's {@code json.dumps} with the options that the field's {@code tojson} filter has. */
final class JsonWriter {
    private final Budget budget;
    private final Output out;
    private final boolean ascii;
    private final @Nullable String indent;
    private final String itemSeparator;
    private final String keySeparator;
    private final boolean sorted;

    JsonWriter(
            Budget budget,
            boolean ascii,
            @Nullable String indent,
            String itemSeparator,
            String keySeparator,
            boolean sorted) {
        this.budget = budget;
        this.out = new Output(budget);
        this.ascii = ascii;
        this.indent = indent;
        this.itemSeparator = itemSeparator;
        this.keySeparator = keySeparator;
        this.sorted = sorted;
    }

    CharSequence write(@Nullable Object value) {
        write(value, 0);
        return out.toText();
    }

    private void write(@Nullable Object value, int level) {
        budget.nesting(level);
        budget.elements(1);
        if (value instanceof CharSequence text) {
            string(text);
        } else if (value instanceof Map<?, ?> map) {
            object(map, level);
        } else if (value instanceof Tuple tuple) {
            array(tuple.items(), level);
        } else if (value instanceof List<?> list && !(value instanceof Range)) {
            array(list, level);
        } else {
            out.append(scalar(value));
        }
    }

    private String scalar(@Nullable Object value) {
        if (value == null) {
            return "null";
        }
        if (value instanceof Boolean flag) {
            return flag.toString();
        }
        if (value instanceof Double number) {
            if (number.isNaN() || number.isInfinite()) {
                return number.isNaN() ? "NaN" : number > 0 ? "Infinity" : "-Infinity";
            }
            return Repr.real(number);
        }
        if (value instanceof Number) {
            return value.toString();
        }
        throw TemplateFault.type("Object of type %s is not JSON serializable".formatted(TypeNames.of(value)));
    }

    private void array(List<?> items, int level) {
        if (items.isEmpty()) {
            out.append("[]");
            return;
        }
        out.append("[");
        boolean first = true;
        for (Object item : items) {
            out.append(first ? "" : itemSeparator);
            newline(level + 1);
            write(item, level + 1);
            first = false;
        }
        newline(level);
        out.append("]");
    }

    private void object(Map<?, ?> map, int level) {
        if (map.isEmpty()) {
            out.append("{}");
            return;
        }
        List<Map.Entry<?, ?>> entries = new ArrayList<>(map.entrySet());
        if (sorted) {
            entries.sort((a, b) -> Comparison.order(budget, a.getKey(), b.getKey()));
        }
        out.append("{");
        boolean first = true;
        for (Map.Entry<?, ?> entry : entries) {
            out.append(first ? "" : itemSeparator);
            newline(level + 1);
            Object key = entry.getKey();
            string(key instanceof String text ? text : scalar(key));
            out.append(keySeparator);
            write(entry.getValue(), level + 1);
            first = false;
        }
        newline(level);
        out.append("}");
    }

    private void newline(int level) {
        if (indent != null) {
            out.append("\n");
            for (int i = 0; i < level; i++) {
                out.append(indent);
            }
        }
    }

    private void string(CharSequence text) {
        StringBuilder quoted = new StringBuilder(text.length() + 2).append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            int escape = "\"\\\n\r\t\f\b".indexOf(c);
            if (escape >= 0) {
                quoted.append('\\').append("\"\\nrtfb".charAt(escape));
            } else if (c < 0x20 || (ascii && c > 0x7e)) {
                quoted.append("\\u%04x".formatted((int) c));
            } else {
                quoted.append(c);
            }
        }
        out.append(Text.changed(text, quoted.append('"').toString()));
    }
}
