package dev.chaku.text.template;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** An expression; every one knows its line. */
sealed interface Expr {
  int line();

  record Literal(@Nullable Object value, int line) implements Expr {}

  record Name(String name, int line) implements Expr {}

  record ListOf(List<Expr> elements, int line) implements Expr {}

  record DictOf(List<Expr> keys, List<Expr> values, int line) implements Expr {}

  /** {@code -x}, {@code +x}, {@code not x}. */
  record Unary(String operator, Expr operand, int line) implements Expr {}

  record Binary(String operator, Expr left, Expr right, int line) implements Expr {}

  /** {@code a < b <= c}, {@code a in b}, {@code a not in b}. */
  record Compare(Expr first, List<String> operators, List<Expr> others, int line) implements Expr {}

  /** {@code a if test else b}. */
  record Conditional(Expr test, Expr then, @Nullable Expr otherwise, int line) implements Expr {}

  record Attribute(Expr object, String name, int line) implements Expr {}

  record Item(Expr object, Expr index, int line) implements Expr {}

  record Slice(Expr object, @Nullable Expr start, @Nullable Expr stop, @Nullable Expr step, int line) implements Expr {}

  record Call(Expr function, Arguments arguments, int line) implements Expr {}

  /** The operand is null for the filters of a block. */
  record Filter(@Nullable Expr operand, String name, Arguments arguments, int line) implements Expr {}

  record Test(Expr operand, String name, Arguments arguments, boolean negated, int line) implements Expr {}

  /** Positional and named arguments. */
  record Arguments(List<Expr> positional, Map<String, Expr> named) {
    static final Arguments NONE = new Arguments(List.of(), Map.of());
  }
}
