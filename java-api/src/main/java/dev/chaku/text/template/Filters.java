package dev.chaku.text.template;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** What can stand after {@code |}. */
final class Filters {
  /** A value with a filter's arguments. */
  record Input(
      @Nullable Object value,
      List<@Nullable Object> args,
      Map<String, @Nullable Object> named,
      Evaluator evaluator,
      Interpreter run,
      int line) {

    @Nullable Object arg(int index, String name, @Nullable Object fallback) {
      return args.size() > index ? args.get(index) : named.containsKey(name) ? named.get(name) : fallback;
    }

    List<@Nullable Object> elements() {
      if (value instanceof String text) {
        run.touch((long) text.length() * Interpreter.COST_OF_CHARACTER_LIST, line);
      }
      List<@Nullable Object> all = Values.elements(value);
      if (all == null) {
        throw run.fault(line, "expected a list, found " + Values.kind(value));
      }
      return all;
    }

    TemplateException fault(String message) {
      return run.fault(line, message);
    }
  }

  private Filters() {}

  static @Nullable Object apply(String name, Input in) {
    Object v = in.value();
    return switch (name) {
      case "trim" -> Methods.strip(Values.text(v), in.args(), true, true);
      case "upper" -> Values.text(v).toUpperCase(Locale.ROOT);
      case "lower" -> Values.text(v).toLowerCase(Locale.ROOT);
      case "title" -> Methods.title(Values.text(v));
      case "capitalize" -> Methods.capitalize(Values.text(v));
      case "string" -> Values.text(v);
      case "safe", "e", "escape" -> name.equals("safe") ? v : escape(Values.text(v));
      case "length", "count" -> length(in);
      case "default", "d" -> defaulted(in);
      case "tojson" -> JsonText.of(v, in);
      case "replace" ->
          Methods.replace(
              Values.text(v), Values.text(in.args().get(0)), Values.text(in.args().get(1)),
              in.arg(2, "count", null) instanceof Long count ? count : -1, in.run(), in.line());
      case "join" -> joined(in);
      case "indent" -> indent(in);
      case "int" -> integer(in);
      case "float" -> real(in);
      case "abs" -> Values.number(v) instanceof Long n ? (Object) Math.abs(n) : (Object) Math.abs((Double) v);
      case "round" -> round(in);
      default -> list(name, in);
    };
  }

  private static @Nullable Object list(String name, Input in) {
    return switch (name) {
      case "list" -> in.elements();
      case "first" -> in.elements().isEmpty() ? new Values.Undefined("first") : in.elements().get(0);
      case "last" -> in.elements().isEmpty() ? new Values.Undefined("last") : in.elements().get(in.elements().size() - 1);
      case "reverse" -> reversed(in);
      case "unique" -> unique(in);
      case "sort" -> sorted(in);
      case "min", "max" -> extreme(in, name.equals("min"));
      case "sum" -> sum(in);
      case "items" -> in.value() instanceof Map<?, ?> map ? items(map) : new ArrayList<>();
      case "dictsort" -> dictSort(in);
      case "map" -> new Values.Generated(map(in));
      case "select" -> new Values.Generated(chosen(in, true, false));
      case "reject" -> new Values.Generated(chosen(in, false, false));
      case "selectattr" -> new Values.Generated(chosen(in, true, true));
      case "rejectattr" -> new Values.Generated(chosen(in, false, true));
      case "attr" -> in.evaluator().attribute(in.value(), (String) in.args().get(0), in.line());
      case "batch" -> batch(in);
      case "format" -> Methods.percent(Values.text(in.value()), in.args(), in.run(), in.line());
      default -> throw in.fault("expected a known filter, found '" + name + "'");
    };
  }

  private static String escape(String s) {
    return s.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\"", "&#34;").replace("'", "&#39;");
  }

  private static Object length(Input in) {
    if (in.value() instanceof Map<?, ?> map) {
      return (long) map.size();
    }
    if (in.value() instanceof Values.Generated) {
      throw in.fault("expected something with a length, found a generator; make it a list first");
    }
    return in.value() instanceof String s ? (long) s.codePointCount(0, s.length()) : (long) in.elements().size();
  }

  private static @Nullable Object defaulted(Input in) {
    boolean falseToo = Values.truth(in.arg(1, "boolean", false));
    boolean absent = in.value() instanceof Values.Undefined || (falseToo && !Values.truth(in.value()));
    return absent ? in.arg(0, "default_value", "") : in.value();
  }

  private static Object joined(Input in) {
    List<@Nullable Object> all = in.elements();
    if (in.arg(1, "attribute", null) instanceof String attribute) {
      all.replaceAll(element -> path(in, element, attribute));
    }
    return join(all, Values.text(in.arg(0, "d", "")), in.run(), in.line());
  }

  static String join(@Nullable List<@Nullable Object> elements, String separator, Interpreter run, int line) {
    if (elements == null) {
      throw run.fault(line, "expected a list to join");
    }
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < elements.size(); i++) {
      out.append(i > 0 ? separator : "").append(Values.text(elements.get(i)));
      run.requireRoom(out.length(), line);
    }
    return out.toString();
  }

  private static Object indent(Input in) {
    Object width = in.arg(0, "width", 4L);
    String pad = width instanceof String text ? text : " ".repeat((int) Math.min(Interpreter.MOST_CHARS, (Long) width));
    boolean first = Values.truth(in.arg(1, "first", false));
    boolean blank = Values.truth(in.arg(2, "blank", false));
    String[] lines = Values.text(in.value()).split("\n", -1);
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < lines.length; i++) {
      boolean padded = i == 0 ? first : blank || !lines[i].isEmpty();
      out.append(i > 0 ? "\n" : "").append(padded ? pad : "").append(lines[i]);
      in.run().requireRoom(out.length(), in.line());
    }
    return out.toString();
  }

  private static @Nullable Object integer(Input in) {
    Object fallback = in.arg(0, "default", 0L);
    if (Values.isNumber(in.value())) {
      return Values.number(in.value()).longValue();
    }
    try {
      String text = Values.text(in.value()).strip();
      return text.matches("[-+]?\\d+") ? (Object) Long.parseLong(text) : (Object) (long) Double.parseDouble(text);
    } catch (NumberFormatException e) {
      return fallback;
    }
  }

  private static @Nullable Object real(Input in) {
    if (Values.isNumber(in.value())) {
      return Values.number(in.value()).doubleValue();
    }
    try {
      return Double.parseDouble(Values.text(in.value()).strip());
    } catch (NumberFormatException e) {
      return in.arg(0, "default", 0.0);
    }
  }

  private static Object round(Input in) {
    long digits = (Long) in.arg(0, "precision", 0L);
    String method = (String) in.arg(1, "method", "common");
    RoundingMode mode =
        switch (method) {
          case "ceil" -> RoundingMode.CEILING;
          case "floor" -> RoundingMode.FLOOR;
          default -> RoundingMode.HALF_EVEN;
        };
    if (Values.number(in.value()) instanceof Long whole && method.equals("common") && digits >= 0) {
      return whole;
    }
    double value = Values.number(in.value()).doubleValue();
    return new BigDecimal(value).setScale((int) Math.max(-300, Math.min(300, digits)), mode).doubleValue();
  }

  private static Object reversed(Input in) {
    List<@Nullable Object> all = in.elements();
    Collections.reverse(all);
    return in.value() instanceof String ? join(all, "", in.run(), in.line()) : all;
  }

  private static List<@Nullable Object> unique(Input in) {
    Set<@Nullable Object> seen = new HashSet<>();
    List<@Nullable Object> kept = new ArrayList<>();
    for (Object element : in.elements()) {
      in.run().requireKey(element, in.line());
      Object key = Values.isNumber(element) ? (Object) (Values.number(element).doubleValue() + 0.0) : key(element);
      if (seen.add(key)) {
        kept.add(element);
      }
    }
    return kept;
  }

  private static @Nullable Object key(@Nullable Object value) {
    return value instanceof String s ? s.toLowerCase(Locale.ROOT) : value;
  }

  private static Comparator<Object> order(Input in, boolean caseSensitive) {
    return (a, b) -> Values.compare(caseSensitive ? a : key(a), caseSensitive ? b : key(b), in::fault);
  }

  private static Object sorted(Input in) {
    List<@Nullable Object> all = in.elements();
    Comparator<Object> order = order(in, Values.truth(in.arg(1, "case_sensitive", false)));
    if (in.arg(2, "attribute", null) instanceof String attribute) {
      Comparator<Object> values = order;
      order = (a, b) -> values.compare(path(in, a, attribute), path(in, b, attribute));
    }
    all.sort(Values.truth(in.arg(0, "reverse", false)) ? order.reversed() : order);
    return all;
  }

  private static @Nullable Object extreme(Input in, boolean least) {
    List<@Nullable Object> all = in.elements();
    if (all.isEmpty()) {
      return new Values.Undefined(least ? "min" : "max");
    }
    Comparator<Object> order = order(in, false);
    return least ? Collections.min(all, order) : Collections.max(all, order);
  }

  private static Object sum(Input in) {
    Number sum = (Number) in.arg(1, "start", 0L);
    for (Object element : in.elements()) {
      Object value = in.arg(0, "attribute", null) instanceof String a ? path(in, element, a) : element;
      Number number = Values.number(value);
      sum = sum instanceof Long x && number instanceof Long y ? (Number) Math.addExact(x, y) : (Number) (sum.doubleValue() + number.doubleValue());
    }
    return sum;
  }

  static List<@Nullable Object> items(Map<?, ?> map) {
    List<@Nullable Object> items = new ArrayList<>(map.size());
    map.forEach((key, value) -> {
      List<@Nullable Object> item = new ArrayList<>(2);
      item.add(key);
      item.add(value);
      items.add(item);
    });
    return items;
  }

  private static Object dictSort(Input in) {
    List<@Nullable Object> items = items((Map<?, ?>) in.value());
    int by = "value".equals(in.arg(1, "by", "key")) ? 1 : 0;
    Comparator<Object> order = order(in, Values.truth(in.arg(0, "case_sensitive", false)));
    Comparator<Object> ofItem = (a, b) -> order.compare(((List<?>) a).get(by), ((List<?>) b).get(by));
    items.sort(Values.truth(in.arg(2, "reverse", false)) ? ofItem.reversed() : ofItem);
    return items;
  }

  private static List<@Nullable Object> map(Input in) {
    List<@Nullable Object> all = in.elements();
    if (in.named().get("attribute") instanceof String attribute) {
      all.replaceAll(element -> {
        Object value = path(in, element, attribute);
        return value instanceof Values.Undefined && in.named().containsKey("default") ? in.named().get("default") : value;
      });
      return all;
    }
    String filter = (String) in.args().get(0);
    List<@Nullable Object> rest = in.args().subList(1, in.args().size());
    all.replaceAll(
        element -> apply(filter, new Input(element, rest, in.named(), in.evaluator(), in.run(), in.line())));
    return all;
  }

  private static List<@Nullable Object> chosen(Input in, boolean wanted, boolean byAttribute) {
    int at = byAttribute ? 1 : 0;
    String test = in.args().size() > at ? (String) in.args().get(at) : null;
    List<@Nullable Object> rest = in.args().size() > at + 1 ? in.args().subList(at + 1, in.args().size()) : List.of();
    Predicate<Object> passes =
        element -> {
          in.run().step(in.line());
          Object value = byAttribute ? path(in, element, (String) in.args().get(0)) : element;
          return test == null ? Values.truth(value) : Tests.check(test, value, rest, in.run(), in.line());
        };
    List<@Nullable Object> kept = in.elements();
    kept.removeIf(element -> passes.test(element) != wanted);
    return kept;
  }

  private static Object batch(Input in) {
    int size = Math.toIntExact((Long) in.args().get(0));
    if (size < 1) {
      throw in.fault("expected batches of at least one element, found " + size);
    }
    List<@Nullable Object> all = in.elements();
    List<@Nullable Object> batches = new ArrayList<>();
    for (int i = 0; i < all.size(); i += size) {
      batches.add(new ArrayList<>(all.subList(i, Math.min(all.size(), i + size))));
    }
    return batches;
  }

  /** {@code a.b.0}. */
  private static @Nullable Object path(Input in, @Nullable Object element, String path) {
    Object value = element;
    for (String part : path.split("\\.")) {
      value =
          part.matches("\\d+") && value instanceof List<?> list
              ? (Integer.parseInt(part) < list.size() ? list.get(Integer.parseInt(part)) : new Values.Undefined(part))
              : in.evaluator().attribute(value, part, in.line());
    }
    return value;
  }
}
