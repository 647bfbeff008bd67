package dev.chaku.text.template;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** {@code tojson} as Hugging Face defines it: Python's json.dumps, without escaping what is not ASCII. */
final class JsonText {
  private final StringBuilder out = new StringBuilder();
  private final Filters.Input in;
  private final @Nullable String indent;
  private final String comma;
  private final String colon;
  private final boolean ascii;
  private final boolean sorted;

  private JsonText(Filters.Input in) {
    this.in = in;
    Object width = in.arg(1, "indent", null);
    this.indent = width instanceof Long n ? " ".repeat((int) Math.max(0, Math.min(64, n))) : width instanceof String s ? s : null;
    List<?> separators = in.arg(2, "separators", null) instanceof List<?> list && list.size() == 2 ? list : null;
    this.comma = separators != null ? (String) separators.get(0) : indent != null ? "," : ", ";
    this.colon = separators != null ? (String) separators.get(1) : ": ";
    this.ascii = Values.truth(in.arg(0, "ensure_ascii", false));
    this.sorted = Values.truth(in.arg(3, "sort_keys", false));
  }

  static String of(@Nullable Object value, Filters.Input in) {
    JsonText json = new JsonText(in);
    json.write(value, 0);
    return json.out.toString();
  }

  private void write(@Nullable Object value, int depth) {
    in.run().step(in.line());
    in.run().requireRoom(out.length(), in.line());
    if (value == null) {
      out.append("null");
    } else if (value instanceof Boolean b) {
      out.append(b ? "true" : "false");
    } else if (value instanceof Double d) {
      out.append(d.isNaN() ? "NaN" : d.isInfinite() ? (d > 0 ? "Infinity" : "-Infinity") : Values.real(d));
    } else if (value instanceof Number) {
      out.append(value);
    } else if (value instanceof String s) {
      string(s);
    } else if (value instanceof List<?> list && !(value instanceof Values.Generated)) {
      array(list, depth);
    } else if (value instanceof Map<?, ?> map) {
      object(map, depth);
    } else {
      throw in.fault("expected a value that JSON has, found " + Values.kind(value));
    }
  }

  private void array(List<?> list, int depth) {
    out.append('[');
    for (int i = 0; i < list.size(); i++) {
      out.append(i > 0 ? comma : "");
      newLine(depth + 1);
      write(list.get(i), depth + 1);
    }
    if (!list.isEmpty()) {
      newLine(depth);
    }
    out.append(']');
  }

  private void object(Map<?, ?> map, int depth) {
    Map<?, ?> fields = map;
    if (sorted) {
      TreeMap<String, @Nullable Object> ordered = new TreeMap<>();
      map.forEach((key, value) -> ordered.put(key(key), value));
      fields = ordered;
    }
    out.append('{');
    boolean first = true;
    for (Map.Entry<?, ?> entry : fields.entrySet()) {
      out.append(first ? "" : comma);
      first = false;
      newLine(depth + 1);
      string(key(entry.getKey()));
      out.append(colon);
      write(entry.getValue(), depth + 1);
    }
    if (!first) {
      newLine(depth);
    }
    out.append('}');
  }

  private static String key(@Nullable Object key) {
    return key == null ? "null" : key instanceof Boolean b ? (b ? "true" : "false") : Values.text(key);
  }

  private void newLine(int depth) {
    if (indent != null) {
      out.append('\n').append(indent.repeat(depth));
    }
  }

  private void string(String s) {
    out.append('"');
    for (int i = 0; i < s.length(); i++) {
      char c = s.charAt(i);
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        case '\b' -> out.append("\\b");
        case '\f' -> out.append("\\f");
        default -> {
          if (c < ' ' || (ascii && c > '~')) {
            out.append(String.format("\\u%04x", (int) c));
          } else {
            out.append(c);
          }
        }
      }
    }
    out.append('"');
  }
}
