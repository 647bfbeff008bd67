package dev.chaku.text.template;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Tokens to a tree, by recursive descent; {@link ExpressionParser} reads what stands inside tags. */
final class Parser {
  private static final int MOST_DEPTH = 100;

  private final ExpressionParser in;
  private int depth;

  private Parser(String name, List<Token> tokens) {
    this.in = new ExpressionParser(name, tokens);
  }

  static List<Node> parse(String name, String source) {
    Parser parser = new Parser(name, Lexer.tokens(name, source));
    List<Node> nodes = parser.body(Set.of());
    parser.in.expect(Token.Kind.END, "", "the end of the template");
    return nodes;
  }

  /** Nodes up to a block tag of one of these names, whose name is then the next token. */
  private List<Node> body(Set<String> ends) {
    if (++depth > MOST_DEPTH) {
      throw in.fault("blocks nested at most " + MOST_DEPTH + " deep");
    }
    List<Node> nodes = new ArrayList<>();
    while (true) {
      Token token = in.next();
      switch (token.kind()) {
        case DATA -> nodes.add(new Node.Data(token.text()));
        case PRINT_BEGIN -> {
          nodes.add(new Node.Print(in.tupleOrExpression(), token.line()));
          in.expect(Token.Kind.PRINT_END, "", "}}");
        }
        case BLOCK_BEGIN -> {
          if (ends.contains(in.peek().text())) {
            depth--;
            return nodes;
          }
          nodes.add(statement());
        }
        default -> {
          in.back();
          if (!ends.isEmpty()) {
            throw in.fault("a block that ends with " + ends);
          }
          depth--;
          return nodes;
        }
      }
    }
  }

  private Node statement() {
    Token keyword = in.next();
    return switch (keyword.text()) {
      case "if" -> ifNode();
      case "for" -> forNode(keyword.line());
      case "set" -> set(keyword.line());
      case "macro" -> macro();
      case "call" -> call(keyword.line());
      case "filter" -> filter(keyword.line());
      case "with" -> with(keyword.line());
      case "generation" -> {
        in.endBlock();
        List<Node> body = body(Set.of("endgeneration"));
        end();
        yield new Node.Generation(body);
      }
      case "break" -> simple(new Node.Break());
      case "continue" -> simple(new Node.Continue());
      default -> {
        in.back();
        throw in.fault("a statement");
      }
    };
  }

  private Node simple(Node node) {
    in.endBlock();
    return node;
  }

  /** The name of the end tag, which body() left, and its close. */
  private void end() {
    in.next();
    in.endBlock();
  }

  private Node ifNode() {
    List<Node.Branch> branches = new ArrayList<>();
    Expr test = in.tupleOrExpression();
    in.endBlock();
    while (true) {
      List<Node> body = body(Set.of("elif", "else", "endif"));
      branches.add(new Node.Branch(test, body));
      String keyword = in.next().text();
      if (keyword.equals("elif")) {
        test = in.tupleOrExpression();
        in.endBlock();
        continue;
      }
      in.endBlock();
      if (keyword.equals("else")) {
        branches.add(new Node.Branch(null, body(Set.of("endif"))));
        end();
      }
      return new Node.If(List.copyOf(branches));
    }
  }

  private Node forNode(int line) {
    List<String> targets = in.targets();
    in.expect(Token.Kind.NAME, "in", "in");
    Expr iterable = in.withoutConditional();
    Expr filter = in.accept(Token.Kind.NAME, "if") ? in.expression() : null;
    boolean recursive = in.accept(Token.Kind.NAME, "recursive");
    in.endBlock();
    List<Node> body = body(Set.of("else", "endfor"));
    List<Node> otherwise = List.of();
    if (in.next().text().equals("else")) {
      in.endBlock();
      otherwise = body(Set.of("endfor"));
      in.next();
    }
    in.endBlock();
    return new Node.For(targets, iterable, filter, body, otherwise, recursive, line);
  }

  private Node set(int line) {
    List<String> targets = in.targets();
    String attribute = targets.size() == 1 && in.accept(Token.Kind.OPERATOR, ".") ? in.name() : null;
    if (in.accept(Token.Kind.OPERATOR, "=")) {
      Expr value = in.tupleOrExpression();
      in.endBlock();
      return new Node.Assign(targets, attribute, value, line);
    }
    if (targets.size() != 1 || attribute != null) {
      throw in.fault("=");
    }
    List<Expr.Filter> filters = in.accept(Token.Kind.OPERATOR, "|") ? in.filters() : List.of();
    in.endBlock();
    List<Node> body = body(Set.of("endset"));
    end();
    return new Node.AssignBlock(targets.get(0), filters, body, line);
  }

  private Node macro() {
    String name = in.name();
    Node.Parameters parameters = parameters();
    in.endBlock();
    List<Node> body = body(Set.of("endmacro"));
    in.next();
    in.accept(Token.Kind.NAME, name);
    in.endBlock();
    return new Node.Macro(name, parameters, body);
  }

  private Node.Parameters parameters() {
    List<String> names = new ArrayList<>();
    List<@Nullable Expr> defaults = new ArrayList<>();
    in.expect(Token.Kind.OPERATOR, "(", "(");
    while (!in.accept(Token.Kind.OPERATOR, ")")) {
      names.add(in.name());
      defaults.add(in.accept(Token.Kind.OPERATOR, "=") ? in.expression() : null);
      if (!in.accept(Token.Kind.OPERATOR, ",")) {
        in.expect(Token.Kind.OPERATOR, ")", ") or ,");
        break;
      }
    }
    return new Node.Parameters(names, defaults);
  }

  private Node call(int line) {
    Node.Parameters parameters =
        in.peek().is(Token.Kind.OPERATOR, "(") ? parameters() : new Node.Parameters(List.of(), List.of());
    if (!(in.expression() instanceof Expr.Call call)) {
      throw in.fault("a call");
    }
    in.endBlock();
    List<Node> body = body(Set.of("endcall"));
    end();
    return new Node.CallBlock(parameters, call, body, line);
  }

  private Node filter(int line) {
    List<Expr.Filter> filters = in.filters();
    in.endBlock();
    List<Node> body = body(Set.of("endfilter"));
    end();
    return new Node.FilterBlock(filters, body, line);
  }

  private Node with(int line) {
    Map<String, Expr> names = new LinkedHashMap<>();
    while (in.peek().kind() == Token.Kind.NAME) {
      String name = in.name();
      in.expect(Token.Kind.OPERATOR, "=", "=");
      names.put(name, in.expression());
      in.accept(Token.Kind.OPERATOR, ",");
    }
    in.endBlock();
    List<Node> body = body(Set.of("endwith"));
    end();
    return new Node.With(List.copyOf(names.keySet()), List.copyOf(names.values()), body, line);
  }
}
