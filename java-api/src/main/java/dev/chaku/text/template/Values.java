package dev.chaku.text.template;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What templates compute with: null, {@link Undefined}, Boolean, Long, Double, String, List, Map, {@link Callable}. Their
 * truth, text, order and equality are Python's.
 */
final class Values {
  /** A name or member that is not there: prints as nothing, is false and empty, and fails when used otherwise. */
  record Undefined(String name) {}

  /** A macro, a built-in function or a method bound to its object. */
  interface Callable {
    @Nullable Object call(List<@Nullable Object> positional, Map<String, @Nullable Object> named);
  }

  /** {@code namespace()}: the one value that a template can alter. */
  record Namespace(Map<String, @Nullable Object> fields) {}

  /** What Python has as a generator: it can be gone over, but has no length and is no JSON until made a list. */
  static final class Generated extends ArrayList<@Nullable Object> {
    private static final long serialVersionUID = 1;

    Generated(List<@Nullable Object> elements) {
      super(elements);
    }
  }

  /** A value is too large to print or compare: lists that hold one list twice, that holds one twice, and so on. */
  static final class TooLarge extends RuntimeException {
    private static final long serialVersionUID = 1;
  }

  static final int MOST_COMPARED = 1 << 16;

  private Values() {}

  static boolean truth(@Nullable Object value) {
    if (value == null || value instanceof Undefined) {
      return false;
    }
    if (value instanceof Boolean b) {
      return b;
    }
    if (value instanceof Number n) {
      return n.doubleValue() != 0;
    }
    if (value instanceof String s) {
      return !s.isEmpty();
    }
    if (value instanceof List<?> list) {
      return !list.isEmpty();
    }
    return !(value instanceof Map<?, ?> map) || !map.isEmpty();
  }

  /** Python's str(). */
  static String text(@Nullable Object value) {
    if (value instanceof String s) {
      return s;
    }
    return value instanceof Undefined ? "" : repr(value);
  }

  /** Python's repr(). */
  static String repr(@Nullable Object value) {
    StringBuilder out = new StringBuilder();
    repr(value, out);
    return out.toString();
  }

  private static void repr(@Nullable Object value, StringBuilder out) {
    if (out.length() > Interpreter.MOST_CHARS) {
      throw new TooLarge();
    }
    if (value == null) {
      out.append("None");
    } else if (value instanceof Boolean b) {
      out.append(b ? "True" : "False");
    } else if (value instanceof Double d) {
      out.append(real(d));
    } else if (value instanceof String s) {
      quoted(s, out);
    } else if (value instanceof List<?> list) {
      out.append('[');
      for (int i = 0; i < list.size(); i++) {
        out.append(i > 0 ? ", " : "");
        repr(list.get(i), out);
      }
      out.append(']');
    } else if (value instanceof Map<?, ?> map) {
      out.append('{');
      String separator = "";
      for (Map.Entry<?, ?> entry : map.entrySet()) {
        out.append(separator);
        repr(entry.getKey(), out);
        out.append(": ");
        repr(entry.getValue(), out);
        separator = ", ";
      }
      out.append('}');
    } else if (value instanceof Undefined) {
      out.append("Undefined");
    } else {
      out.append(value instanceof Number ? value.toString() : "<object>");
    }
  }

  private static void quoted(String s, StringBuilder out) {
    char quote = s.indexOf('\'') >= 0 && s.indexOf('"') < 0 ? '"' : '\'';
    out.append(quote);
    for (int i = 0; i < s.length(); i++) {
      char c = s.charAt(i);
      switch (c) {
        case '\n' -> out.append("\\n");
        case '\t' -> out.append("\\t");
        case '\r' -> out.append("\\r");
        case '\\' -> out.append("\\\\");
        default -> {
          if (c == quote) {
            out.append('\\').append(c);
          } else if (c < ' ' || c == 0x7f) {
            out.append(String.format("\\x%02x", (int) c));
          } else {
            out.append(c);
          }
        }
      }
    }
    out.append(quote);
  }

  /** Python's float repr: the shortest digits, a point, an exponent from 1e16 on and below 1e-4. */
  static String real(double d) {
    if (Double.isNaN(d)) {
      return "nan";
    }
    if (Double.isInfinite(d)) {
      return d > 0 ? "inf" : "-inf";
    }
    if (d == 0) {
      return 1 / d < 0 ? "-0.0" : "0.0";
    }
    double size = Math.abs(d);
    BigDecimal exact = new BigDecimal(Double.toString(d));
    if (size >= 1e16 || size < 1e-4) {
      String digits = exact.unscaledValue().abs().toString().replaceAll("0+$", "");
      int exponent = exact.precision() - exact.scale() - 1;
      String mantissa = digits.length() > 1 ? digits.charAt(0) + "." + digits.substring(1) : digits;
      return (d < 0 ? "-" : "") + mantissa + "e" + (exponent < 0 ? "-" : "+") + (Math.abs(exponent) < 10 ? "0" : "")
          + Math.abs(exponent);
    }
    String plain = exact.stripTrailingZeros().toPlainString();
    return plain.indexOf('.') < 0 ? plain + ".0" : plain;
  }

  static boolean equal(@Nullable Object a, @Nullable Object b) {
    return equal(a, b, new int[] {MOST_COMPARED});
  }

  private static boolean equal(@Nullable Object a, @Nullable Object b, int[] left) {
    if (left[0]-- == 0) {
      throw new TooLarge();
    }
    if (isNumber(a) && isNumber(b)) {
      return compareNumbers(a, b) == 0;
    }
    if (a instanceof List<?> x && b instanceof List<?> y) {
      if (x.size() != y.size()) {
        return false;
      }
      for (int i = 0; i < x.size(); i++) {
        if (!equal(x.get(i), y.get(i), left)) {
          return false;
        }
      }
      return true;
    }
    if (a instanceof Map<?, ?> x && b instanceof Map<?, ?> y) {
      return x.size() == y.size()
          && x.entrySet().stream()
              .allMatch(entry -> y.containsKey(entry.getKey()) && equal(entry.getValue(), y.get(entry.getKey()), left));
    }
    if (a instanceof Undefined || b instanceof Undefined) {
      return a instanceof Undefined && b instanceof Undefined;
    }
    return Objects.equals(a, b);
  }

  /** Whether it counts as a number; truth values do, as in Python. */
  static boolean isNumber(@Nullable Object value) {
    return value instanceof Number || value instanceof Boolean;
  }

  static Number number(Object value) {
    return value instanceof Boolean b ? (Number) (b ? 1L : 0L) : (Number) value;
  }

  static int compareNumbers(Object a, Object b) {
    Number x = number(a);
    Number y = number(b);
    return x instanceof Long && y instanceof Long
        ? Long.compare(x.longValue(), y.longValue())
        : Double.compare(x.doubleValue(), y.doubleValue());
  }

  /** Python's order of numbers, strings and lists; other pairs have none. */
  static int compare(@Nullable Object a, @Nullable Object b, Function<String, TemplateException> fault) {
    if (isNumber(a) && isNumber(b)) {
      return compareNumbers(a, b);
    }
    if (a instanceof String x && b instanceof String y) {
      return comparePoints(x, y);
    }
    if (a instanceof List<?> x && b instanceof List<?> y) {
      for (int i = 0; i < Math.min(x.size(), y.size()); i++) {
        if (!equal(x.get(i), y.get(i))) {
          return compare(x.get(i), y.get(i), fault);
        }
      }
      return Integer.compare(x.size(), y.size());
    }
    throw fault.apply("expected values with an order, found " + kind(a) + " and " + kind(b));
  }

  /** By code point: Java's own order puts surrogate pairs before some single characters. */
  private static int comparePoints(String x, String y) {
    int[] a = x.codePoints().toArray();
    int[] b = y.codePoints().toArray();
    return java.util.Arrays.compare(a, b);
  }

  static String kind(@Nullable Object value) {
    if (value == null) {
      return "none";
    }
    if (value instanceof Undefined undefined) {
      return "undefined '" + undefined.name() + "'";
    }
    if (value instanceof String) {
      return "a string";
    }
    if (value instanceof List) {
      return "a list";
    }
    if (value instanceof Map) {
      return "a mapping";
    }
    return isNumber(value) ? "a number" : "a function";
  }

  /** The elements of a list, the keys of a mapping, the characters of a string; none of what is undefined. */
  static @Nullable List<@Nullable Object> elements(@Nullable Object value) {
    if (value instanceof List<?> list) {
      return new ArrayList<>(list);
    }
    if (value instanceof Map<?, ?> map) {
      return new ArrayList<>(map.keySet());
    }
    if (value instanceof String s) {
      List<@Nullable Object> characters = new ArrayList<>();
      s.codePoints().forEach(c -> characters.add(Character.toString(c)));
      return characters;
    }
    return value instanceof Undefined ? new ArrayList<>() : null;
  }
}
