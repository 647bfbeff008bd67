package dev.chaku.text.template;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A statement of a template. */
sealed interface Node {
  /** Literal text. */
  record Data(String text) implements Node {}

  /** {@code {{ expression }}}. */
  record Print(Expr value, int line) implements Node {}

  /** One branch of an if; the test is null for else. */
  record Branch(@Nullable Expr test, List<Node> body) {}

  /** {@code if … elif … else}. */
  record If(List<Branch> branches) implements Node {}

  /** {@code for targets in iterable if filter … else}. */
  record For(
      List<String> targets, Expr iterable, @Nullable Expr filter, List<Node> body, List<Node> otherwise, boolean recursive, int line)
      implements Node {}

  /** {@code set a, b = value}, or {@code set ns.a = value}. */
  record Assign(List<String> targets, @Nullable String attribute, Expr value, int line) implements Node {}

  /** {@code set name | filters … endset}. */
  record AssignBlock(String target, List<Expr.Filter> filters, List<Node> body, int line) implements Node {}

  /** {@code macro name(parameters)}. */
  record Macro(String name, Parameters parameters, List<Node> body) implements Node {}

  /** {@code call(parameters) macro(…)}: the body is the macro's {@code caller}. */
  record CallBlock(Parameters parameters, Expr.Call call, List<Node> body, int line) implements Node {}

  /** {@code filter name … endfilter}. */
  record FilterBlock(List<Expr.Filter> filters, List<Node> body, int line) implements Node {}

  /** {@code generation … endgeneration}: what the assistant says. */
  record Generation(List<Node> body) implements Node {}

  /** {@code with a = 1 … endwith}. */
  record With(List<String> names, List<Expr> values, List<Node> body, int line) implements Node {}

  /** {@code break}. */
  record Break() implements Node {}

  /** {@code continue}. */
  record Continue() implements Node {}

  /** Names with defaults; those without stand first, as null. */
  record Parameters(List<String> names, List<@Nullable Expr> defaults) {}
}
