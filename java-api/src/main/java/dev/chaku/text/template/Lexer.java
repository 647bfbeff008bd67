package dev.chaku.text.template;

import java.util.ArrayList;
import java.util.List;

/**
 * Cuts a template into tokens. White space around tags is handled here: {@code trim_blocks} drops the newline after a
 * block tag, {@code lstrip_blocks} the blanks before one on its line, and {@code -} and {@code +} overrule both.
 */
final class Lexer {
  private static final List<String> OPERATORS =
      List.of("==", "!=", "<=", ">=", "//", "**", "+", "-", "*", "/", "%", "~", "<", ">", "=", ".", ",", ":", "|", "(",
          ")", "[", "]", "{", "}");

  private final String name;
  private final String source;
  private final List<Token> tokens = new ArrayList<>();
  private int at;
  private int line = 1;

  private Lexer(String name, String source) {
    this.name = name;
    this.source = source;
  }

  static List<Token> tokens(String name, String source) {
    String normal = source.replace("\r\n", "\n").replace('\r', '\n');
    // Like jinja2, which drops one newline at the end of a template.
    return new Lexer(name, normal.endsWith("\n") ? normal.substring(0, normal.length() - 1) : normal).run();
  }

  private List<Token> run() {
    boolean strip = false;
    boolean trimNewline = false;
    while (at < source.length()) {
      int open = nextOpen(at);
      String data = source.substring(at, open);
      boolean atLineStart = open == 0 || lineStartBefore(open, at);
      String shown = data;
      if (strip) {
        shown = shown.stripLeading();
      } else if (trimNewline && shown.startsWith("\n")) {
        shown = shown.substring(1);
      }
      if (open == source.length()) {
        data(shown);
        advance(open);
        break;
      }
      char kind = source.charAt(open + 1);
      char sign = open + 2 < source.length() ? source.charAt(open + 2) : ' ';
      if (sign == '-') {
        shown = shown.stripTrailing();
      } else if (sign != '+' && kind != '{' && atLineStart) {
        shown = stripBlanksBefore(shown);
      }
      data(shown);
      advance(open);
      advance(at + (sign == '-' || sign == '+' ? 3 : 2));
      String close;
      if (kind == '#') {
        int end = source.indexOf("#}", at);
        if (end < 0) {
          throw fault("a comment that ends with #}");
        }
        close = end > at && source.charAt(end - 1) == '-' ? "-#}" : end > at && source.charAt(end - 1) == '+' ? "+#}" : "#}";
        advance(end + 2);
      } else if (kind == '%' && isRaw()) {
        close = raw();
      } else {
        close = tag(kind);
      }
      strip = close.startsWith("-");
      trimNewline = kind != '{' && !close.startsWith("+");
    }
    tokens.add(new Token(Token.Kind.END, "", line));
    return tokens;
  }

  private void data(String text) {
    if (!text.isEmpty()) {
      tokens.add(new Token(Token.Kind.DATA, text, line));
    }
  }

  private int nextOpen(int from) {
    for (int i = source.indexOf('{', from); i >= 0 && i + 1 < source.length(); i = source.indexOf('{', i + 1)) {
      char next = source.charAt(i + 1);
      if (next == '{' || next == '%' || next == '#') {
        return i;
      }
    }
    return source.length();
  }

  /** Whether only blanks stand between the start of the line and `open`. */
  private boolean lineStartBefore(int open, int from) {
    int i = open - 1;
    while (i >= from && (source.charAt(i) == ' ' || source.charAt(i) == '\t')) {
      i--;
    }
    return i < 0 || source.charAt(i) == '\n';
  }

  private static String stripBlanksBefore(String shown) {
    int end = shown.length();
    while (end > 0 && (shown.charAt(end - 1) == ' ' || shown.charAt(end - 1) == '\t')) {
      end--;
    }
    return shown.substring(0, end);
  }

  private void advance(int to) {
    for (; at < to; at++) {
      if (source.charAt(at) == '\n') {
        line++;
      }
    }
  }

  private boolean isRaw() {
    int i = at;
    while (i < source.length() && Character.isWhitespace(source.charAt(i))) {
      i++;
    }
    return source.startsWith("raw", i) && i + 3 < source.length() && !Character.isLetterOrDigit(source.charAt(i + 3));
  }

  private String raw() {
    int begin = source.indexOf("%}", at) + 2;
    java.util.regex.Matcher end =
        java.util.regex.Pattern.compile("\\{%[-+]?\\s*endraw\\s*([-+]?)%\\}").matcher(source);
    if (begin < 2 || !end.find(begin)) {
      throw fault("a raw block that ends with {% endraw %}");
    }
    String text = source.substring(begin, end.start());
    data(text.startsWith("\n") ? text.substring(1) : text);
    advance(end.end());
    return end.group(1) + "%}";
  }

  /** The tokens of a tag; returns how it closes, with its sign. */
  private String tag(char kind) {
    boolean block = kind == '%';
    tokens.add(new Token(block ? Token.Kind.BLOCK_BEGIN : Token.Kind.PRINT_BEGIN, "", line));
    String close = block ? "%}" : "}}";
    int depth = 0;
    while (true) {
      while (at < source.length() && Character.isWhitespace(source.charAt(at))) {
        advance(at + 1);
      }
      if (at >= source.length()) {
        throw fault("a tag that ends with " + close);
      }
      char c = source.charAt(at);
      if (depth == 0) {
        if (source.startsWith(close, at)) {
          return end(block, close, close);
        }
        if ((c == '-' || c == '+') && source.startsWith(close, at + 1)) {
          return end(block, c + close, c + close);
        }
      }
      if (c == '"' || c == '\'') {
        string(c);
      } else if (Character.isDigit(c)) {
        number();
      } else if (Character.isLetter(c) || c == '_') {
        int from = at;
        int to = at;
        while (to < source.length() && (Character.isLetterOrDigit(source.charAt(to)) || source.charAt(to) == '_')) {
          to++;
        }
        tokens.add(new Token(Token.Kind.NAME, source.substring(from, to), line));
        advance(to);
      } else {
        String operator = OPERATORS.stream().filter(o -> source.startsWith(o, at)).findFirst()
            .orElseThrow(() -> fault("an expression"));
        depth += "([{".contains(operator) ? 1 : ")]}".contains(operator) ? -1 : 0;
        tokens.add(new Token(Token.Kind.OPERATOR, operator, line));
        advance(at + operator.length());
      }
    }
  }

  private String end(boolean block, String text, String close) {
    tokens.add(new Token(block ? Token.Kind.BLOCK_END : Token.Kind.PRINT_END, "", line));
    advance(at + text.length());
    return close;
  }

  private void number() {
    int to = at;
    while (to < source.length() && (Character.isDigit(source.charAt(to)) || source.charAt(to) == '_')) {
      to++;
    }
    boolean real = false;
    if (to + 1 < source.length() && source.charAt(to) == '.' && Character.isDigit(source.charAt(to + 1))) {
      real = true;
      to++;
      while (to < source.length() && Character.isDigit(source.charAt(to))) {
        to++;
      }
    }
    int exponent = exponentEnd(to);
    real |= exponent > to;
    to = exponent;
    String text = source.substring(at, to).replace("_", "");
    tokens.add(new Token(real ? Token.Kind.FLOAT : Token.Kind.INTEGER, text, line));
    advance(to);
  }

  /** Where the exponent that starts here ends; here itself if none does. */
  private int exponentEnd(int from) {
    if (from >= source.length() || (source.charAt(from) != 'e' && source.charAt(from) != 'E')) {
      return from;
    }
    int first = from + 1;
    if (first < source.length() && (source.charAt(first) == '-' || source.charAt(first) == '+')) {
      first++;
    }
    int to = first;
    while (to < source.length() && Character.isDigit(source.charAt(to))) {
      to++;
    }
    return to > first ? to : from;
  }

  private void string(char quote) {
    StringBuilder text = new StringBuilder();
    int i = at + 1;
    while (i < source.length() && source.charAt(i) != quote) {
      char c = source.charAt(i++);
      if (c != '\\' || i >= source.length()) {
        text.append(c);
        continue;
      }
      char escaped = source.charAt(i++);
      switch (escaped) {
        case 'n' -> text.append('\n');
        case 't' -> text.append('\t');
        case 'r' -> text.append('\r');
        case 'b' -> text.append('\b');
        case 'f' -> text.append('\f');
        case '\n' -> { }
        case '\\', '\'', '"' -> text.append(escaped);
        case 'x', 'u', 'U' -> {
          int digits = escaped == 'x' ? 2 : escaped == 'u' ? 4 : 8;
          if (i + digits > source.length()) {
            throw fault("a whole \\" + escaped + " escape");
          }
          try {
            text.appendCodePoint(Integer.parseInt(source.substring(i, i + digits), 16));
          } catch (IllegalArgumentException e) {
            throw fault("a character after \\" + escaped);
          }
          i += digits;
        }
        default -> text.append('\\').append(escaped);
      }
    }
    if (i >= source.length()) {
      throw fault("a string that ends with " + quote);
    }
    tokens.add(new Token(Token.Kind.STRING, text.toString(), line));
    advance(i + 1);
  }

  private TemplateException fault(String expected) {
    String found = at < source.length() ? "'" + source.charAt(at) + "'" : "the end";
    return new TemplateException(name, line, "expected " + expected + ", found " + found);
  }
}
