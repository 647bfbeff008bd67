package dev.chaku.text.template;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The methods of strings, lists and mappings that templates may call; those that alter a value are refused. */
final class Methods {
  private static final Set<String> ALTERING_LIST =
      Set.of("append", "extend", "insert", "pop", "remove", "clear", "sort", "reverse");
  private static final Set<String> ALTERING_MAP = Set.of("pop", "popitem", "update", "setdefault", "clear");

  private Methods() {}

  static Values.@Nullable Callable find(@Nullable Object object, String name, Interpreter run, int line) {
    if (object instanceof String text) {
      run.touch(text, line);
      Values.Callable method = string(text, name, run, line);
      return method == null ? null : (args, named) -> {
        if (!args.isEmpty() && args.get(0) instanceof String part) {
          run.search(text, part, line);
        }
        return method.call(args, named);
      };
    }
    if (object instanceof Map<?, ?> map) {
      if (ALTERING_MAP.contains(name)) {
        throw refused(name, "dict", run, line);
      }
      return map(map, name, run, line);
    }
    if (object instanceof List<?> list) {
      if (ALTERING_LIST.contains(name)) {
        throw refused(name, "list", run, line);
      }
      return list(list, name);
    }
    return null;
  }

  private static TemplateException refused(String name, String type, Interpreter run, int line) {
    return run.fault(line, "access to attribute '" + name + "' of '" + type + "' object is unsafe");
  }

  private static Values.@Nullable Callable map(Map<?, ?> map, String name, Interpreter run, int line) {
    return switch (name) {
      case "items" -> (args, named) -> Filters.items(map);
      case "keys" -> (args, named) -> new ArrayList<>(map.keySet());
      case "values" -> (args, named) -> new ArrayList<>(map.values());
      case "copy" -> (args, named) -> new LinkedHashMap<>(map);
      case "get" ->
          (args, named) -> {
            run.requireKey(args.get(0), line);
            return map.containsKey(args.get(0)) ? map.get(args.get(0)) : args.size() > 1 ? args.get(1) : named.get("default");
          };
      default -> null;
    };
  }

  private static Values.@Nullable Callable list(List<?> list, String name) {
    return switch (name) {
      case "count" -> (args, named) -> list.stream().filter(e -> Values.equal(e, args.get(0))).count();
      case "index" -> (args, named) -> {
        for (int i = 0; i < list.size(); i++) {
          if (Values.equal(list.get(i), args.get(0))) {
            return (long) i;
          }
        }
        throw new IndexOutOfBoundsException();
      };
      case "copy" -> (args, named) -> new ArrayList<>(list);
      default -> null;
    };
  }

  private static Values.@Nullable Callable string(String s, String name, Interpreter run, int line) {
    return switch (name) {
      case "strip" -> (args, named) -> strip(s, args, true, true);
      case "lstrip" -> (args, named) -> strip(s, args, true, false);
      case "rstrip" -> (args, named) -> strip(s, args, false, true);
      case "upper" -> (args, named) -> s.toUpperCase(Locale.ROOT);
      case "lower" -> (args, named) -> s.toLowerCase(Locale.ROOT);
      case "title" -> (args, named) -> title(s);
      case "capitalize" -> (args, named) -> capitalize(s);
      case "startswith" -> (args, named) -> any(args.get(0), s::startsWith);
      case "endswith" -> (args, named) -> any(args.get(0), s::endsWith);
      case "split" -> (args, named) -> split(s, argument(args, named, 0, "sep"), limit(args, named));
      case "rsplit" -> (args, named) -> rsplit(s, argument(args, named, 0, "sep"), limit(args, named));
      case "splitlines" -> (args, named) -> lines(s, !args.isEmpty() && Values.truth(args.get(0)));
      case "replace" -> (args, named) -> {
        long count = args.size() > 2 ? (Long) args.get(2) : -1;
        return replace(s, (String) args.get(0), (String) args.get(1), count, run, line);
      };
      case "find" -> (args, named) -> (long) s.indexOf((String) args.get(0));
      case "rfind" -> (args, named) -> (long) s.lastIndexOf((String) args.get(0));
      case "count" -> (args, named) -> (long) split(s, args.get(0), -1).size() - 1;
      case "join" -> (args, named) -> Filters.join(Values.elements(args.get(0)), s, run, line);
      case "removeprefix" -> (args, named) -> {
        String prefix = (String) args.get(0);
        return s.startsWith(prefix) ? s.substring(prefix.length()) : s;
      };
      case "removesuffix" -> (args, named) -> {
        String suffix = (String) args.get(0);
        return !suffix.isEmpty() && s.endsWith(suffix) ? s.substring(0, s.length() - suffix.length()) : s;
      };
      case "isdigit" -> (args, named) -> !s.isEmpty() && s.codePoints().allMatch(Character::isDigit);
      case "isalpha" -> (args, named) -> !s.isEmpty() && s.codePoints().allMatch(Character::isLetter);
      case "isalnum" -> (args, named) -> !s.isEmpty() && s.codePoints().allMatch(Character::isLetterOrDigit);
      case "isspace" -> (args, named) -> !s.isEmpty() && s.codePoints().allMatch(Methods::isSpace);
      case "isupper" -> (args, named) -> s.equals(s.toUpperCase(Locale.ROOT)) && !s.equals(s.toLowerCase(Locale.ROOT));
      case "islower" -> (args, named) -> s.equals(s.toLowerCase(Locale.ROOT)) && !s.equals(s.toUpperCase(Locale.ROOT));
      case "partition" -> (args, named) -> partition(s, (String) args.get(0), s.indexOf((String) args.get(0)));
      case "ljust" -> (args, named) -> padded(s, args, 0, run, line);
      case "rjust" -> (args, named) -> padded(s, args, 1, run, line);
      case "format" -> (args, named) -> format(s, args, named, run, line);
      default -> null;
    };
  }

  private static @Nullable Object argument(
      List<@Nullable Object> args, Map<String, @Nullable Object> named, int index, String name) {
    return args.size() > index ? args.get(index) : named.get(name);
  }

  private static long limit(List<@Nullable Object> args, Map<String, @Nullable Object> named) {
    return argument(args, named, 1, "maxsplit") instanceof Long most ? most : -1;
  }

  private static boolean any(@Nullable Object affix, java.util.function.Predicate<String> test) {
    return affix instanceof List<?> list ? list.stream().anyMatch(a -> test.test((String) a)) : test.test((String) affix);
  }

  /** What Python takes for white space. */
  static boolean isSpace(int c) {
    return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == 0x85;
  }

  static String strip(String s, List<@Nullable Object> args, boolean left, boolean right) {
    String set = args.isEmpty() || args.get(0) == null ? null : (String) args.get(0);
    int from = 0;
    int to = s.length();
    while (left && from < to && in(s.charAt(from), set)) {
      from++;
    }
    while (right && to > from && in(s.charAt(to - 1), set)) {
      to--;
    }
    return s.substring(from, to);
  }

  private static boolean in(char c, @Nullable String set) {
    return set == null ? isSpace(c) : set.indexOf(c) >= 0;
  }

  static List<@Nullable Object> split(String s, @Nullable Object separator, long most) {
    List<@Nullable Object> parts = new ArrayList<>();
    if (separator == null) {
      int begin = afterSpaces(s, 0);
      while (begin < s.length()) {
        int end = begin;
        while (end < s.length() && !isSpace(s.charAt(end))) {
          end++;
        }
        if (most >= 0 && parts.size() == most) {
          parts.add(s.substring(begin));
          break;
        }
        parts.add(s.substring(begin, end));
        begin = afterSpaces(s, end);
      }
      return parts;
    }
    String sep = nonEmpty(separator);
    int at = 0;
    for (int i = s.indexOf(sep); i >= 0 && (most < 0 || parts.size() < most); i = s.indexOf(sep, at)) {
      parts.add(s.substring(at, i));
      at = i + sep.length();
    }
    parts.add(s.substring(at));
    return parts;
  }

  private static int afterSpaces(String s, int from) {
    int at = from;
    while (at < s.length() && isSpace(s.charAt(at))) {
      at++;
    }
    return at;
  }

  private static List<@Nullable Object> rsplit(String s, @Nullable Object separator, long most) {
    if (most < 0 || separator == null) {
      return split(s, separator, -1);
    }
    String sep = nonEmpty(separator);
    List<@Nullable Object> parts = new ArrayList<>();
    int end = s.length();
    for (int i = s.lastIndexOf(sep); i >= 0 && parts.size() < most; i = s.lastIndexOf(sep, end - sep.length())) {
      parts.add(0, s.substring(i + sep.length(), end));
      end = i;
    }
    parts.add(0, s.substring(0, end));
    return parts;
  }

  private static String nonEmpty(Object separator) {
    String sep = (String) separator;
    if (sep.isEmpty()) {
      throw new IndexOutOfBoundsException();
    }
    return sep;
  }

  private static List<@Nullable Object> lines(String s, boolean keepEnds) {
    List<@Nullable Object> lines = new ArrayList<>();
    int at = 0;
    while (at < s.length()) {
      int end = at;
      while (end < s.length() && s.charAt(end) != '\n' && s.charAt(end) != '\r') {
        end++;
      }
      int next = end < s.length() ? end + (s.startsWith("\r\n", end) ? 2 : 1) : end;
      lines.add(s.substring(at, keepEnds ? next : end));
      at = next;
    }
    return lines;
  }

  static String replace(String s, String old, String by, long count, Interpreter run, int line) {
    run.search(s, old, line);
    StringBuilder out = new StringBuilder();
    int at = 0;
    long done = 0;
    while (count < 0 || done < count) {
      int i = old.isEmpty() ? (done <= s.length() ? (int) done : -1) : s.indexOf(old, at);
      if (i < 0) {
        break;
      }
      out.append(s, at, i).append(by);
      run.requireRoom(out.length(), line);
      at = i + old.length();
      done++;
    }
    return out.append(s.substring(Math.min(at, s.length()))).toString();
  }

  static String title(String s) {
    StringBuilder out = new StringBuilder();
    boolean inWord = false;
    for (int i = 0; i < s.length(); i++) {
      char c = s.charAt(i);
      out.append(inWord ? Character.toLowerCase(c) : Character.toUpperCase(c));
      inWord = Character.isLetter(c);
    }
    return out.toString();
  }

  static String capitalize(String s) {
    return s.isEmpty() ? s : s.substring(0, 1).toUpperCase(Locale.ROOT) + s.substring(1).toLowerCase(Locale.ROOT);
  }

  /** {@code "{} {name}".format(…)}, without format specifications. */
  private static String format(
      String s, List<@Nullable Object> args, Map<String, @Nullable Object> named, Interpreter run, int line) {
    StringBuilder out = new StringBuilder();
    int auto = 0;
    for (int i = 0; i < s.length(); i++) {
      char c = s.charAt(i);
      boolean doubled = i + 1 < s.length() && s.charAt(i + 1) == c;
      if ((c == '{' || c == '}') && doubled) {
        out.append(c);
        i++;
      } else if (c == '{') {
        int end = s.indexOf('}', i);
        String field = end < 0 ? "" : s.substring(i + 1, end);
        if (end < 0 || !field.matches("\\w*")) {
          throw run.fault(line, "expected fields like {} and {name} in a format, found " + s.substring(i));
        }
        Object value = field.isEmpty() ? args.get(auto++) : field.matches("\\d+") ? args.get(Integer.parseInt(field)) : named.get(field);
        out.append(Values.text(value));
        i = end;
      } else {
        out.append(c);
      }
    }
    return out.toString();
  }

  /** {@code "%s and %d" % values}. */
  private static List<@Nullable Object> partition(String s, String separator, int at) {
    return at < 0 ? List.of(s, "", "") : List.of(s.substring(0, at), separator, s.substring(at + separator.length()));
  }

  /** Pads to a width in code points, after the text (side 0) or before it (side 1). */
  private static String padded(String s, List<@Nullable Object> args, int side, Interpreter run, int line) {
    long missing = Math.max(0, (Long) args.get(0) - s.codePointCount(0, s.length()));
    run.requireRoom(s.length() + missing, line);
    run.touch(s.length() + missing, line);
    String padding = (args.size() > 1 ? (String) args.get(1) : " ").repeat((int) missing);
    return side == 0 ? s + padding : padding + s;
  }

  /** A number with the flags, width and precision that stand in a format before d or f. */
  private static @Nullable String numeric(String flags, char kind, @Nullable Object value) {
    if (!flags.matches("[-+ 0]?\\d{0,2}(\\.\\d{1,2})?") || !Values.isNumber(value)) {
      return null;
    }
    Number number = Values.number(value);
    try {
      return kind == 'd'
          ? String.format(Locale.ROOT, "%" + flags + "d", number.longValue())
          : String.format(Locale.ROOT, "%" + flags + "f", number.doubleValue());
    } catch (java.util.IllegalFormatException e) {
      return null;
    }
  }

  static String percent(String format, @Nullable Object values, Interpreter run, int line) {
    List<?> list = values instanceof List<?> several ? several : java.util.Collections.singletonList(values);
    StringBuilder out = new StringBuilder();
    int next = 0;
    for (int i = 0; i < format.length(); i++) {
      char c = format.charAt(i);
      if (c != '%' || i + 1 == format.length()) {
        out.append(c);
        continue;
      }
      int end = i + 1;
      while (end < format.length() - 1 && "-+ 0123456789.".indexOf(format.charAt(end)) >= 0) {
        end++;
      }
      String flags = format.substring(i + 1, end);
      i = end;
      char kind = format.charAt(i);
      if (kind == 'f' || (kind == 'd' && !flags.isEmpty())) {
        String number = next < list.size() ? numeric(flags, kind, list.get(next++)) : null;
        if (number == null) {
          throw run.fault(line, "expected a number for each %d and %f in a format");
        }
        out.append(number);
      } else if (!flags.isEmpty()) {
        throw run.fault(line, "expected %s, %d, %f or %r in a format, found %" + flags + kind);
      } else if (kind == '%') {
        out.append('%');
      } else if ((kind == 's' || kind == 'd' || kind == 'r') && next < list.size()) {
        Object value = list.get(next++);
        out.append(kind == 'r' ? Values.repr(value) : Values.text(value));
      } else {
        throw run.fault(line, "expected %s, %d, %f or %r with a value in a format, found %" + kind);
      }
    }
    return out.toString();
  }

  static long power(long base, long exponent) {
    long result = 1;
    for (long i = 0; i < exponent; i++) {
      result = Math.multiplyExact(result, base);
      if (base == 0 || base == 1 || (base == -1 && i > 1)) {
        return base == -1 ? (exponent % 2 == 0 ? 1 : -1) : base;
      }
    }
    return result;
  }
}
