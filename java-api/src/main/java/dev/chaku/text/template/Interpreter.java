package dev.chaku.text.template;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Runs one rendering of a template. Not thread-safe; a rendering has one of its own. */
final class Interpreter {
  /** How a body ended. */
  private enum Flow {
    ON,
    BREAK,
    CONTINUE
  }

  private static final int MOST_STEPS = 2_000_000;
  static final int MOST_CHARS = 16 << 20;
  private static final int MOST_CALLS = 60;
  private static final long MOST_SEARCH = 1L << 32;

  /** Characters and elements that all operations together may read or make: few steps can do much work. */
  private static final long MOST_TOUCHED = 1L << 29;

  /** What a string costs that is taken apart into a list of its characters. */
  static final int COST_OF_CHARACTER_LIST = 16;

  private final String name;
  private final Evaluator evaluator = new Evaluator(this);
  private final List<int[]> generations = new ArrayList<>();
  private StringBuilder out = new StringBuilder();
  private int blocks;
  private int steps;
  private int line;
  private int calls;
  private long touched;

  Interpreter(String name) {
    this.name = name;
  }

  String run(List<Node> nodes, Scope scope) {
    run(nodes, scope, 0);
    return out.toString();
  }

  /** The spans of the output inside generation blocks: begin and end. */
  List<int[]> generations() {
    return generations;
  }

  TemplateException fault(int line, String message) {
    return new TemplateException(name, line, message);
  }

  /** The line of the last step. */
  int line() {
    return line;
  }

  void step(int at) {
    line = at;
    if (++steps > MOST_STEPS) {
      throw fault(at, "expected a template that ends within " + MOST_STEPS + " steps, found one that does not");
    }
  }

  /** An operation is about to read, or has made, this many characters or elements. */
  void touch(long count, int line) {
    touched += count;
    if (touched > MOST_TOUCHED) {
      throw fault(
          line, "expected a template that handles at most " + MOST_TOUCHED + " characters and elements, found one that does not");
    }
  }

  /** Touches the whole of a value. */
  void touch(@Nullable Object value, int line) {
    if (value instanceof String text) {
      touch(text.length(), line);
    } else if (value instanceof List<?> list) {
      touch(list.size(), line);
    }
  }

  /** Refuses searches of long texts for long texts, which can take the product of both lengths. */
  void search(String text, String part, int at) {
    long places = Math.max(0, text.length() - part.length() + 1L);
    if (places * part.length() > MOST_SEARCH) {
      throw fault(at, "expected a short text to look for, found one of " + part.length() + " characters in " + text.length());
    }
  }

  /** Lists and mappings are no keys, as in Python; to hash one could take longer than to make it. */
  void requireKey(@Nullable Object key, int at) {
    if (key instanceof Map || key instanceof List) {
      throw fault(at, "expected a plain value as a key of a mapping, found " + Values.kind(key));
    }
  }

  void requireRoom(long chars, int line) {
    if (chars > MOST_CHARS) {
      throw fault(line, "expected texts and lists of at most " + MOST_CHARS + " elements, found one of " + chars);
    }
  }

  private Flow run(List<Node> nodes, Scope scope, int line) {
    for (Node node : nodes) {
      step(line);
      Flow flow = run(node, scope, line);
      if (flow != Flow.ON) {
        return flow;
      }
    }
    return Flow.ON;
  }

  private Flow run(Node node, Scope scope, int line) {
    if (node instanceof Node.Data data) {
      print(data.text(), line);
    } else if (node instanceof Node.Print print) {
      print(Values.text(evaluator.eval(print.value(), scope)), print.line());
    } else if (node instanceof Node.If choice) {
      for (Node.Branch branch : choice.branches()) {
        if (branch.test() == null || Values.truth(evaluator.eval(branch.test(), scope))) {
          return run(branch.body(), scope, line);
        }
      }
    } else if (node instanceof Node.For loop) {
      loop(loop, scope, evaluator.eval(loop.iterable(), scope), 0);
    } else if (node instanceof Node.Assign assign) {
      assign(assign, scope);
    } else if (node instanceof Node.AssignBlock block) {
      String text = captured(block.body(), scope, block.line());
      scope.set(block.target(), evaluator.filters(block.filters(), text, scope));
    } else if (node instanceof Node.Macro macro) {
      scope.set(macro.name(), macro(macro.name(), macro.parameters(), macro.body(), scope));
    } else if (node instanceof Node.CallBlock call) {
      Values.Callable caller = macro("caller", call.parameters(), call.body(), scope);
      print(Values.text(evaluator.call(call.call(), scope, caller)), call.line());
    } else if (node instanceof Node.FilterBlock filter) {
      String text = captured(filter.body(), scope, filter.line());
      print(Values.text(evaluator.filters(filter.filters(), text, scope)), filter.line());
    } else if (node instanceof Node.Generation generation) {
      return generation(generation, scope, line);
    } else if (node instanceof Node.With with) {
      Scope inner = new Scope(scope);
      for (int i = 0; i < with.names().size(); i++) {
        inner.set(with.names().get(i), evaluator.eval(with.values().get(i), scope));
      }
      return run(with.body(), inner, with.line());
    } else {
      return node instanceof Node.Break ? Flow.BREAK : Flow.CONTINUE;
    }
    return Flow.ON;
  }

  private void print(String text, int line) {
    requireRoom((long) out.length() + text.length(), line);
    touch(text.length(), line);
    out.append(text);
  }

  /** Spans are those of the final text, so blocks inside captured text are not noted. */
  private Flow generation(Node.Generation generation, Scope scope, int line) {
    int from = out.length();
    Flow flow = run(generation.body(), scope, line);
    if (blocks == 0 && out.length() > from) {
      generations.add(new int[] {from, out.length()});
    }
    return flow;
  }

  private String captured(List<Node> body, Scope scope, int line) {
    StringBuilder outer = out;
    out = new StringBuilder();
    blocks++;
    try {
      run(body, new Scope(scope), line);
      return out.toString();
    } finally {
      blocks--;
      out = outer;
    }
  }

  private void assign(Node.Assign assign, Scope scope) {
    Object value = evaluator.eval(assign.value(), scope);
    if (assign.attribute() != null) {
      if (!(scope.get(assign.targets().get(0)) instanceof Values.Namespace namespace)) {
        throw fault(assign.line(), "expected a namespace to set an attribute of, found " + assign.targets().get(0));
      }
      namespace.fields().put(assign.attribute(), value);
    } else if (assign.targets().size() == 1) {
      scope.set(assign.targets().get(0), value);
    } else {
      unpack(assign.targets(), value, scope, assign.line());
    }
  }

  private void unpack(List<String> targets, @Nullable Object value, Scope scope, int line) {
    List<@Nullable Object> parts = Values.elements(value);
    if (parts == null || parts.size() != targets.size()) {
      throw fault(line, "expected " + targets.size() + " values for " + targets + ", found " + Values.kind(value));
    }
    for (int i = 0; i < targets.size(); i++) {
      scope.set(targets.get(i), parts.get(i));
    }
  }

  private void loop(Node.For loop, Scope scope, @Nullable Object iterable, int depth) {
    if (iterable instanceof String text) {
      touch((long) text.length() * COST_OF_CHARACTER_LIST, loop.line());
    }
    List<@Nullable Object> all = Values.elements(iterable);
    if (all == null) {
      throw fault(loop.line(), "expected something to go over, found " + Values.kind(iterable));
    }
    if (loop.filter() != null) {
      List<@Nullable Object> kept = new ArrayList<>();
      for (Object element : all) {
        Scope inner = new Scope(scope);
        bind(loop, element, inner);
        step(loop.line());
        if (Values.truth(evaluator.eval(loop.filter(), inner))) {
          kept.add(element);
        }
      }
      all = kept;
    }
    if (all.isEmpty()) {
      run(loop.otherwise(), scope, loop.line());
      return;
    }
    LoopState state = new LoopState(all, depth);
    Object recursion =
        (Values.Callable) (positional, named) -> recurse(loop, scope, positional, depth + 1);
    for (int i = 0; i < all.size(); i++) {
      step(loop.line());
      state.index = i;
      Scope inner = new Scope(scope);
      inner.set("loop", loop.recursive() ? state.with(recursion) : state);
      bind(loop, all.get(i), inner);
      if (run(loop.body(), inner, loop.line()) == Flow.BREAK) {
        break;
      }
    }
  }

  private Object recurse(Node.For loop, Scope scope, List<@Nullable Object> positional, int depth) {
    enterCall(loop.line());
    StringBuilder outer = out;
    out = new StringBuilder();
    try {
      loop(loop, scope, positional.isEmpty() ? null : positional.get(0), depth);
      return out.toString();
    } finally {
      out = outer;
      calls--;
    }
  }

  private void bind(Node.For loop, @Nullable Object element, Scope scope) {
    if (loop.targets().size() == 1) {
      scope.set(loop.targets().get(0), element);
    } else {
      unpack(loop.targets(), element, scope, loop.line());
    }
  }

  private void enterCall(int line) {
    if (++calls > MOST_CALLS) {
      throw fault(line, "expected calls nested at most " + MOST_CALLS + " deep, found more");
    }
  }

  private Values.Callable macro(String macroName, Node.Parameters parameters, List<Node> body, Scope defined) {
    return (positional, named) -> {
      Scope scope = new Scope(defined);
      List<String> names = parameters.names();
      Map<String, @Nullable Object> rest = new LinkedHashMap<>(named);
      if (rest.containsKey("caller")) {
        scope.set("caller", rest.remove("caller"));
      }
      for (int i = 0; i < names.size(); i++) {
        String parameter = names.get(i);
        if (i < positional.size()) {
          scope.set(parameter, positional.get(i));
        } else if (rest.containsKey(parameter)) {
          scope.set(parameter, rest.remove(parameter));
        } else {
          Expr fallback = parameters.defaults().get(i);
          scope.set(parameter, fallback == null ? new Values.Undefined(parameter) : evaluator.eval(fallback, scope));
        }
      }
      scope.set("varargs", positional.size() > names.size() ? positional.subList(names.size(), positional.size()) : List.of());
      scope.set("kwargs", rest);
      enterCall(0);
      try {
        return captured(body, scope, 0);
      } finally {
        calls--;
      }
    };
  }

  /** The variable {@code loop}. */
  static final class LoopState implements Values.Callable {
    private final List<@Nullable Object> all;
    private final int depth;
    private int index;
    private @Nullable Object recursion;
    private @Nullable Object changed = this;

    LoopState(List<@Nullable Object> all, int depth) {
      this.all = all;
      this.depth = depth;
    }

    private LoopState with(Object newRecursion) {
      recursion = newRecursion;
      return this;
    }

    @Override
    public @Nullable Object call(List<@Nullable Object> positional, Map<String, @Nullable Object> named) {
      return recursion instanceof Values.Callable callable ? callable.call(positional, named) : new Values.Undefined("loop()");
    }

    @Nullable Object member(String member) {
      return switch (member) {
        case "index" -> index + 1L;
        case "index0" -> (long) index;
        case "revindex" -> (long) (all.size() - index);
        case "revindex0" -> (long) (all.size() - index - 1);
        case "first" -> index == 0;
        case "last" -> index == all.size() - 1;
        case "length" -> (long) all.size();
        case "depth" -> depth + 1L;
        case "depth0" -> (long) depth;
        case "previtem" -> index > 0 ? all.get(index - 1) : new Values.Undefined("loop.previtem");
        case "nextitem" -> index + 1 < all.size() ? all.get(index + 1) : new Values.Undefined("loop.nextitem");
        case "cycle" -> (Values.Callable) (positional, named) -> positional.get(index % positional.size());
        case "changed" -> (Values.Callable) (positional, named) -> {
          boolean differs = !Values.equal(changed, positional);
          changed = positional;
          return differs;
        };
        default -> new Values.Undefined("loop." + member);
      };
    }
  }
}
