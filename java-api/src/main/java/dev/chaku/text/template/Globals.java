package dev.chaku.text.template;

import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The functions that every template has. */
final class Globals {
  private static final long MOST_RANGE = 100_000;

  private Globals() {}

  static void define(Scope scope, Interpreter run, Supplier<LocalDateTime> clock) {
    scope.set("range", (Values.Callable) (args, named) -> range(args, run));
    scope.set("dict", (Values.Callable) (args, named) -> dict(args, named));
    scope.set("namespace", (Values.Callable) (args, named) -> new Values.Namespace(dict(args, named)));
    scope.set("raise_exception", (Values.Callable) (args, named) -> {
      throw new TemplateException(Values.text(args.isEmpty() ? "" : args.get(0)));
    });
    scope.set("strftime_now", (Values.Callable) (args, named) -> strftime((String) args.get(0), clock.get(), run));
  }

  private static Object range(List<@Nullable Object> args, Interpreter run) {
    long start = args.size() > 1 ? (Long) args.get(0) : 0;
    long stop = (Long) args.get(args.size() > 1 ? 1 : 0);
    long step = args.size() > 2 ? (Long) args.get(2) : 1;
    if (step == 0 || Math.abs((double) stop - start) / Math.abs((double) step) > MOST_RANGE) {
      throw run.fault(0, "expected a range of at most " + MOST_RANGE + " numbers, found " + args);
    }
    List<@Nullable Object> numbers = new ArrayList<>();
    for (long i = start; step > 0 ? i < stop : i > stop; i += step) {
      numbers.add(i);
    }
    return numbers;
  }

  private static Map<String, @Nullable Object> dict(List<@Nullable Object> args, Map<String, @Nullable Object> named) {
    Map<String, @Nullable Object> fields = new LinkedHashMap<>();
    if (!args.isEmpty() && args.get(0) instanceof Map<?, ?> map) {
      map.forEach((key, value) -> fields.put(Values.text(key), value));
    }
    fields.putAll(named);
    return fields;
  }

  private static String strftime(String format, LocalDateTime now, Interpreter run) {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < format.length(); i++) {
      char c = format.charAt(i);
      if (c != '%' || i + 1 == format.length()) {
        out.append(c);
        continue;
      }
      char field = format.charAt(++i);
      boolean bare = field == '-' && i + 1 < format.length();
      if (bare) {
        field = format.charAt(++i);
      }
      String text = field(field, now);
      if (text == null) {
        throw run.fault(0, "strftime_now: expected a known field, found %" + field);
      }
      out.append(bare ? text.replaceFirst("^0+(?=.)", "") : text);
    }
    return out.toString();
  }

  private static @Nullable String field(char field, LocalDateTime now) {
    String pattern =
        switch (field) {
          case 'Y' -> "yyyy";
          case 'y' -> "yy";
          case 'm' -> "MM";
          case 'd' -> "dd";
          case 'H' -> "HH";
          case 'I' -> "hh";
          case 'M' -> "mm";
          case 'S' -> "ss";
          case 'p' -> "a";
          case 'B' -> "MMMM";
          case 'b' -> "MMM";
          case 'A' -> "EEEE";
          case 'a' -> "EEE";
          case 'j' -> "DDD";
          case 'F' -> "yyyy-MM-dd";
          case 'T' -> "HH:mm:ss";
          default -> "";
        };
    if (pattern.isEmpty()) {
      return field == '%' ? "%" : null;
    }
    return now.format(DateTimeFormatter.ofPattern(pattern, Locale.US));
  }
}
