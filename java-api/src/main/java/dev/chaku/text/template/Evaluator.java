package dev.chaku.text.template;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Computes expressions. */
final class Evaluator {
  private final Interpreter run;

  Evaluator(Interpreter run) {
    this.run = run;
  }

  @Nullable Object eval(Expr expr, Scope scope) {
    run.step(expr.line());
    if (expr instanceof Expr.Literal literal) {
      return literal.value();
    }
    if (expr instanceof Expr.Name name) {
      return scope.get(name.name());
    }
    if (expr instanceof Expr.Attribute attribute) {
      return attribute(eval(attribute.object(), scope), attribute.name(), expr.line());
    }
    if (expr instanceof Expr.Item item) {
      return item(eval(item.object(), scope), eval(item.index(), scope), expr.line());
    }
    if (expr instanceof Expr.Binary binary) {
      return binary(binary, scope);
    }
    if (expr instanceof Expr.Compare compare) {
      return compare(compare, scope);
    }
    if (expr instanceof Expr.Unary unary) {
      return unary(unary, eval(unary.operand(), scope));
    }
    if (expr instanceof Expr.Conditional conditional) {
      Expr chosen = Values.truth(eval(conditional.test(), scope)) ? conditional.then() : conditional.otherwise();
      return chosen == null ? new Values.Undefined("") : eval(chosen, scope);
    }
    if (expr instanceof Expr.Call call) {
      return call(call, scope, null);
    }
    if (expr instanceof Expr.Filter filter) {
      return filter(filter, eval(filter.operand(), scope), scope);
    }
    if (expr instanceof Expr.Test test) {
      Object value = eval(test.operand(), scope);
      return Tests.check(test.name(), value, positional(test.arguments(), scope), run, test.line()) != test.negated();
    }
    if (expr instanceof Expr.Slice slice) {
      return slice(slice, scope);
    }
    if (expr instanceof Expr.ListOf list) {
      List<@Nullable Object> values = new ArrayList<>();
      list.elements().forEach(element -> values.add(eval(element, scope)));
      return values;
    }
    Expr.DictOf dict = (Expr.DictOf) expr;
    Map<Object, @Nullable Object> values = new LinkedHashMap<>();
    for (int i = 0; i < dict.keys().size(); i++) {
      Object key = eval(dict.keys().get(i), scope);
      run.requireKey(key, dict.line());
      values.put(key, eval(dict.values().get(i), scope));
    }
    return values;
  }

  // ------------------------------------------------------------ members

  @Nullable Object attribute(@Nullable Object object, String name, int line) {
    if (object instanceof Values.Undefined undefined) {
      throw run.fault(line, "'" + undefined.name() + "' is undefined, and so has no attribute '" + name + "'");
    }
    if (object instanceof Values.Namespace namespace) {
      return member(namespace.fields(), name);
    }
    if (object instanceof Interpreter.LoopState loop) {
      return loop.member(name);
    }
    Values.Callable method = Methods.find(object, name, run, line);
    if (method != null) {
      return method;
    }
    return object instanceof Map<?, ?> map ? member(map, name) : new Values.Undefined(name);
  }

  private static @Nullable Object member(Map<?, ?> map, Object key) {
    Object value = map.get(key);
    return value != null || map.containsKey(key) ? value : new Values.Undefined(String.valueOf(key));
  }

  private @Nullable Object item(@Nullable Object object, @Nullable Object index, int line) {
    if (object instanceof Values.Undefined undefined) {
      throw run.fault(line, "'" + undefined.name() + "' is undefined, and so has no item " + Values.repr(index));
    }
    if (object instanceof Map<?, ?> map) {
      run.requireKey(index, line);
      Object value = map.get(index);
      if (value != null || map.containsKey(index) || !(index instanceof String name)) {
        return value != null || map.containsKey(index) ? value : new Values.Undefined(Values.text(index));
      }
      Values.Callable method = Methods.find(object, name, run, line);
      return method != null ? method : new Values.Undefined(name);
    }
    if (index instanceof Long number) {
      if (object instanceof String text) {
        return character(text, number, line);
      }
      List<@Nullable Object> elements = object instanceof List<?> ? Values.elements(object) : null;
      if (elements != null) {
        long at = number < 0 ? number + elements.size() : number;
        return at >= 0 && at < elements.size() ? elements.get((int) at) : new Values.Undefined("[" + number + "]");
      }
    }
    return index instanceof String name ? attribute(object, name, line) : new Values.Undefined(Values.text(index));
  }

  private Object character(String text, long index, int line) {
    run.touch(text.length(), line);
    int n = text.codePointCount(0, text.length());
    long at = index < 0 ? index + n : index;
    if (at < 0 || at >= n) {
      return new Values.Undefined("[" + index + "]");
    }
    int from = text.offsetByCodePoints(0, (int) at);
    return text.substring(from, text.offsetByCodePoints(from, 1));
  }

  private @Nullable Object slice(Expr.Slice slice, Scope scope) {
    Object object = eval(slice.object(), scope);
    if (object instanceof String text) {
      run.touch((long) text.length() * Interpreter.COST_OF_CHARACTER_LIST, slice.line());
    }
    if (object instanceof Map || Values.elements(object) == null) {
      throw run.fault(slice.line(), "expected a list or a string to take a part of, found " + Values.kind(object));
    }
    List<@Nullable Object> all = Values.elements(object);
    long step = slice.step() == null ? 1 : integer(eval(slice.step(), scope), slice.line());
    if (step == 0) {
      throw run.fault(slice.line(), "expected a step other than 0");
    }
    int n = all.size();
    long start = slice.start() == null ? (step > 0 ? 0 : n - 1) : bound(eval(slice.start(), scope), n, step, slice.line());
    long stop = slice.stop() == null ? (step > 0 ? n : -1) : bound(eval(slice.stop(), scope), n, step, slice.line());
    List<@Nullable Object> part = new ArrayList<>();
    for (long i = start; step > 0 ? i < stop : i > stop; i += step) {
      part.add(all.get((int) i));
    }
    if (object instanceof String) {
      StringBuilder text = new StringBuilder();
      part.forEach(text::append);
      return text.toString();
    }
    return part;
  }

  private long bound(@Nullable Object value, int n, long step, int line) {
    long least = step > 0 ? 0 : -1;
    long most = step > 0 ? n : n - 1;
    if (value == null) {
      return step > 0 ? n : -1;
    }
    long bound = integer(value, line);
    return Math.max(least, Math.min(most, bound < 0 ? bound + n : bound));
  }

  private long integer(@Nullable Object value, int line) {
    if (value instanceof Long number) {
      return number;
    }
    throw run.fault(line, "expected a whole number, found " + Values.kind(value));
  }

  // ------------------------------------------------------------ operators

  private @Nullable Object binary(Expr.Binary binary, Scope scope) {
    Object left = eval(binary.left(), scope);
    if (binary.operator().equals("and")) {
      return Values.truth(left) ? eval(binary.right(), scope) : left;
    }
    if (binary.operator().equals("or")) {
      return Values.truth(left) ? left : eval(binary.right(), scope);
    }
    Object right = eval(binary.right(), scope);
    if (binary.operator().equals("~")) {
      return joined(Values.text(left), Values.text(right), binary.line());
    }
    if (Values.isNumber(left) && Values.isNumber(right)) {
      return arithmetic(binary.operator(), Values.number(left), Values.number(right), binary.line());
    }
    if (binary.operator().equals("+")) {
      if (left instanceof String a && right instanceof String b) {
        return joined(a, b, binary.line());
      }
      if (left instanceof List<?> a && right instanceof List<?> b) {
        run.requireRoom((long) a.size() + b.size(), binary.line());
        run.touch((long) a.size() + b.size(), binary.line());
        List<@Nullable Object> both = new ArrayList<>(a);
        both.addAll(b);
        return both;
      }
    }
    if (binary.operator().equals("*") && (left instanceof Long || right instanceof Long)) {
      Object repeated = left instanceof Long ? right : left;
      long times = Math.max(0, left instanceof Long n ? n : (Long) right);
      if (repeated instanceof String text) {
        run.requireRoom(Math.multiplyHigh(text.length(), times) != 0 ? Long.MAX_VALUE : text.length() * times, binary.line());
        run.touch(text.length() * times, binary.line());
        return text.repeat((int) times);
      }
      if (repeated instanceof List<?> list) {
        run.requireRoom(Math.multiplyHigh(list.size(), times) != 0 ? Long.MAX_VALUE : list.size() * times, binary.line());
        run.touch(list.size() * times, binary.line());
        List<@Nullable Object> many = new ArrayList<>();
        for (long i = 0; i < times && !list.isEmpty(); i++) {
          many.addAll(list);
        }
        return many;
      }
    }
    if (binary.operator().equals("%") && left instanceof String format) {
      return Methods.percent(format, right, run, binary.line());
    }
    throw run.fault(
        binary.line(), "expected operands that go with " + binary.operator() + ", found " + Values.kind(left) + " and "
            + Values.kind(right));
  }

  private String joined(String a, String b, int line) {
    run.requireRoom((long) a.length() + b.length(), line);
    run.touch((long) a.length() + b.length(), line);
    return a.concat(b);
  }

  private Object arithmetic(String operator, Number a, Number b, int line) {
    boolean whole = a instanceof Long && b instanceof Long;
    boolean divides = operator.equals("/") || operator.equals("//") || operator.equals("%");
    if (divides && b.doubleValue() == 0) {
      throw run.fault(line, "division by zero");
    }
    try {
      if (whole) {
        long x = a.longValue();
        long y = b.longValue();
        switch (operator) {
          case "+":
            return Math.addExact(x, y);
          case "-":
            return Math.subtractExact(x, y);
          case "*":
            return Math.multiplyExact(x, y);
          case "//":
            return Math.floorDiv(x, y);
          case "%":
            return Math.floorMod(x, y);
          case "**":
            return y < 0 ? (Object) Math.pow(x, y) : (Object) Methods.power(x, y);
          default:
            return (double) x / y;
        }
      }
    } catch (ArithmeticException e) {
      throw run.fault(line, "expected whole numbers of 64 bits, found more in " + a + " " + operator + " " + b);
    }
    double x = a.doubleValue();
    double y = b.doubleValue();
    return switch (operator) {
      case "+" -> x + y;
      case "-" -> x - y;
      case "*" -> x * y;
      case "/" -> x / y;
      case "//" -> Math.floor(x / y);
      case "%" -> x - y * Math.floor(x / y);
      default -> Math.pow(x, y);
    };
  }

  private Object unary(Expr.Unary unary, @Nullable Object value) {
    if (unary.operator().equals("not")) {
      return !Values.truth(value);
    }
    if (!Values.isNumber(value)) {
      throw run.fault(unary.line(), "expected a number after " + unary.operator() + ", found " + Values.kind(value));
    }
    Number number = Values.number(value);
    if (unary.operator().equals("+")) {
      return number;
    }
    return number instanceof Long whole ? arithmetic("-", 0L, whole, unary.line()) : (Object) (-number.doubleValue());
  }

  private boolean compare(Expr.Compare compare, Scope scope) {
    Object left = eval(compare.first(), scope);
    for (int i = 0; i < compare.operators().size(); i++) {
      Object right = eval(compare.others().get(i), scope);
      if (!holds(compare.operators().get(i), left, right, compare.line())) {
        return false;
      }
      left = right;
    }
    return true;
  }

  private boolean holds(String operator, @Nullable Object left, @Nullable Object right, int line) {
    if (left instanceof List && right instanceof List || left instanceof Map && right instanceof Map) {
      run.touch(Values.MOST_COMPARED / 4, line);
    }
    if (left instanceof String a && right instanceof String b && a.length() == b.length()) {
      run.touch(a.length(), line);
    }
    return switch (operator) {
      case "==" -> Values.equal(left, right);
      case "!=" -> !Values.equal(left, right);
      case "in" -> contains(right, left, line);
      case "not in" -> !contains(right, left, line);
      default -> {
        int order = Values.compare(left, right, message -> run.fault(line, message));
        yield switch (operator) {
          case "<" -> order < 0;
          case "<=" -> order <= 0;
          case ">" -> order > 0;
          default -> order >= 0;
        };
      }
    };
  }

  boolean contains(@Nullable Object container, @Nullable Object element, int line) {
    run.touch(container, line);
    if (container instanceof String text && element instanceof String part) {
      run.search(text, part, line);
      return text.contains(part);
    }
    if (container instanceof Map<?, ?> map) {
      run.requireKey(element, line);
      return map.containsKey(element);
    }
    if (container instanceof List<?> list) {
      return list.stream().anyMatch(e -> Values.equal(e, element));
    }
    if (container instanceof Values.Undefined) {
      return false;
    }
    throw run.fault(line, "expected something that can hold " + Values.kind(element) + ", found " + Values.kind(container));
  }

  // ------------------------------------------------------------ calls

  @Nullable Object call(Expr.Call call, Scope scope, Values.@Nullable Callable caller) {
    Object function = eval(call.function(), scope);
    if (!(function instanceof Values.Callable callable)) {
      throw run.fault(call.line(), "expected a function, found " + Values.kind(function));
    }
    Map<String, @Nullable Object> named = named(call.arguments(), scope);
    if (caller != null) {
      named.put("caller", caller);
    }
    try {
      return callable.call(positional(call.arguments(), scope), named);
    } catch (IndexOutOfBoundsException | ClassCastException | NullPointerException | ArithmeticException e) {
      throw run.fault(call.line(), "a function got other arguments than it takes");
    }
  }

  private List<@Nullable Object> positional(Expr.Arguments arguments, Scope scope) {
    List<@Nullable Object> values = new ArrayList<>(arguments.positional().size());
    for (Expr argument : arguments.positional()) {
      values.add(eval(argument, scope));
    }
    return values;
  }

  private Map<String, @Nullable Object> named(Expr.Arguments arguments, Scope scope) {
    Map<String, @Nullable Object> values = new LinkedHashMap<>();
    arguments.named().forEach((key, value) -> values.put(key, eval(value, scope)));
    return values;
  }

  @Nullable Object filters(List<Expr.Filter> filters, @Nullable Object value, Scope scope) {
    Object filtered = value;
    for (Expr.Filter filter : filters) {
      filtered = filter(filter, filtered, scope);
    }
    return filtered;
  }

  private @Nullable Object filter(Expr.Filter filter, @Nullable Object value, Scope scope) {
    Filters.Input input =
        new Filters.Input(
            value, positional(filter.arguments(), scope), named(filter.arguments(), scope), this, run, filter.line());
    run.touch(value, filter.line());
    try {
      Object filtered = Filters.apply(filter.name(), input);
      run.touch(filtered, filter.line());
      return filtered;
    } catch (IndexOutOfBoundsException | ClassCastException | NullPointerException | ArithmeticException e) {
      throw run.fault(filter.line(), "the filter " + filter.name() + " cannot take " + Values.kind(value) + " and its arguments");
    }
  }
}
