package dev.chaku.text.template;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What can stand after {@code is}. */
final class Tests {
  private Tests() {}

  static boolean check(String test, @Nullable Object v, List<@Nullable Object> args, Interpreter run, int line) {
    return switch (test) {
      case "defined" -> !(v instanceof Values.Undefined);
      case "undefined" -> v instanceof Values.Undefined;
      case "none" -> v == null;
      case "string" -> v instanceof String;
      case "boolean" -> v instanceof Boolean;
      case "true" -> Boolean.TRUE.equals(v);
      case "false" -> Boolean.FALSE.equals(v);
      case "number" -> Values.isNumber(v);
      case "integer" -> v instanceof Long;
      case "float" -> v instanceof Double;
      case "mapping" -> v instanceof Map;
      case "iterable", "sequence" -> Values.elements(v) != null;
      case "callable" -> v instanceof Values.Callable;
      case "even" -> Math.floorMod((Long) require(v, run, line), 2L) == 0;
      case "odd" -> Math.floorMod((Long) require(v, run, line), 2L) == 1;
      case "divisibleby" -> Math.floorMod((Long) require(v, run, line), (Long) require(args.get(0), run, line)) == 0;
      case "eq", "equalto", "==" -> Values.equal(v, args.get(0));
      case "ne", "!=" -> !Values.equal(v, args.get(0));
      case "lt", "lessthan" -> order(v, args, run, line) < 0;
      case "le" -> order(v, args, run, line) <= 0;
      case "gt", "greaterthan" -> order(v, args, run, line) > 0;
      case "ge" -> order(v, args, run, line) >= 0;
      case "in" -> new Evaluator(run).contains(args.get(0), v, line);
      case "sameas" -> v == args.get(0) || (v != null && !(v instanceof List || v instanceof Map) && v.equals(args.get(0)));
      case "lower" -> v instanceof String s && s.equals(s.toLowerCase(java.util.Locale.ROOT)) && !s.equals(s.toUpperCase(java.util.Locale.ROOT));
      case "upper" -> v instanceof String s && s.equals(s.toUpperCase(java.util.Locale.ROOT)) && !s.equals(s.toLowerCase(java.util.Locale.ROOT));
      default -> throw run.fault(line, "expected a known test after 'is', found '" + test + "'");
    };
  }

  private static Object require(@Nullable Object value, Interpreter run, int line) {
    if (value instanceof Long) {
      return value;
    }
    throw run.fault(line, "expected a whole number, found " + Values.kind(value));
  }

  private static int order(@Nullable Object v, List<@Nullable Object> args, Interpreter run, int line) {
    return Values.compare(v, args.get(0), message -> run.fault(line, message));
  }
}
