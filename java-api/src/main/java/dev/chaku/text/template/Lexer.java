package dev.chaku.text.template;

import dev.chaku.text.template.Token.Type;
import java.math.BigInteger;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * Cuts template source into tokens, white space control included.
 *
 * <p>The rules are jinja2's with {@code trim_blocks} and {@code lstrip_blocks}: a newline right after a block or
 * comment is dropped; blanks between the start of a line and a block or comment are dropped; {@code -} strips all white
 * space on its side, {@code +} keeps it; one newline at the very end of the source is dropped; all newlines become
 * {@code \n}. A tag ends only outside of brackets.
 */
final class Lexer {
    private static final List<String> LONG_OPERATORS = List.of("//", "**", "==", "!=", ">=", "<=");
    private static final String SHORT_OPERATORS = "+-*/%~[](){}<>=.:|,;";

    private final String source;
    private final List<Token> tokens = new ArrayList<>();
    private final Deque<Character> open = new ArrayDeque<>();
    private int position;
    private int line = 1;

    /** Whether the last match ended with a newline, so that the text that follows starts a line. */
    private boolean lineStarting = true;

    private Lexer(String source) {
        this.source = source;
    }

    /** Returns the tokens of a template, closed by one of type {@code END}. */
    static List<Token> tokenize(String template) {
        String source = template.replace("\r\n", "\n").replace('\r', '\n');
        if (source.endsWith("\n")) {
            source = source.substring(0, source.length() - 1);
        }
        Lexer lexer = new Lexer(source);
        lexer.run();
        return lexer.tokens;
    }

    /** The line on which a failed lexer stopped is part of its fault. */
    static final class SyntaxFault extends RuntimeException {
        private static final long serialVersionUID = 1L;
        private final int line;

        SyntaxFault(String message, int line) {
            super(message, null, false, false);
            this.line = line;
        }

        int line() {
            return line;
        }
    }

    private void run() {
        while (position < source.length()) {
            int tag = nextTag();
            if (tag < 0) {
                add(Type.DATA, source.substring(position));
                break;
            }
            char kind = source.charAt(tag + 1);
            char sign = signAt(tag + 2);
            data(source.substring(position, tag), kind, sign);
            position = tag + (sign == 0 ? 2 : 3);
            lineStarting = false;
            switch (kind) {
                case '#' -> comment();
                case '{' -> tag(Type.VARIABLE_BEGIN, Type.VARIABLE_END, "}}");
                default -> {
                    if (!raw()) {
                        tag(Type.BLOCK_BEGIN, Type.BLOCK_END, "%}");
                    }
                }
            }
        }
        add(Type.END, "");
    }

    private int nextTag() {
        for (int i = source.indexOf('{', position); i >= 0; i = source.indexOf('{', i + 1)) {
            char next = i + 1 < source.length() ? source.charAt(i + 1) : 0;
            if (next == '{' || next == '%' || next == '#') {
                return i;
            }
        }
        return -1;
    }

    private char signAt(int index) {
        char c = index < source.length() ? source.charAt(index) : 0;
        return c == '-' || c == '+' ? c : 0;
    }

    /** Adds the text before a tag, stripped as the tag's sign and kind ask for. */
    private void data(String text, char kind, char sign) {
        String kept = text;
        if (sign == '-') {
            kept = text.substring(0, PythonString.strippedEnd(text));
        } else if (sign == 0 && kind != '{') {
            int lineStart = text.lastIndexOf('\n') + 1;
            if ((lineStart > 0 || lineStarting) && PythonString.isBlank(text, lineStart)) {
                kept = text.substring(0, lineStart);
            }
        }
        add(Type.DATA, kept);
        countLines(text);
    }

    private void comment() {
        int start = position;
        int end = source.indexOf("#}", start);
        if (end < 0) {
            throw new SyntaxFault("missing end of comment tag '#}'", line);
        }
        countLines(source.substring(start, end));
        char sign = end > start ? signAt(end - 1) : 0;
        position = end + 2;
        finishTag(sign, true);
    }

    /** Consumes what the end of a tag takes with it: all white space after {@code -}, one newline after a block. */
    private void finishTag(char sign, boolean trimNewline) {
        int start = position;
        if (sign == '-') {
            position = PythonString.strippedStart(source, position);
        } else if (sign == 0 && trimNewline && position < source.length() && source.charAt(position) == '\n') {
            position++;
        }
        lineStarting = position > start && source.charAt(position - 1) == '\n';
        countLines(source.substring(start, position));
    }

    /** Handles {@code {% raw %}…{% endraw %}}; returns false, with nothing consumed, if the tag is another one. */
    private boolean raw() {
        int i = PythonString.strippedStart(source, position);
        if (!source.startsWith("raw", i)) {
            return false;
        }
        i = PythonString.strippedStart(source, i + 3);
        char sign = signAt(i) == '-' ? '-' : 0;
        if (!source.startsWith("%}", sign == 0 ? i : i + 1)) {
            return false;
        }
        countLines(source.substring(position, i));
        position = i + (sign == 0 ? 2 : 3);
        finishTag(sign, false);
        int startLine = line;
        for (int tag = source.indexOf("{%", position); tag >= 0; tag = source.indexOf("{%", tag + 1)) {
            char beginSign = signAt(tag + 2);
            int name = PythonString.strippedStart(source, tag + (beginSign == 0 ? 2 : 3));
            if (!source.startsWith("endraw", name)) {
                continue;
            }
            int end = PythonString.strippedStart(source, name + "endraw".length());
            char endSign = signAt(end);
            if (source.startsWith("%}", endSign == 0 ? end : end + 1)) {
                data(source.substring(position, tag), '%', beginSign);
                countLines(source.substring(tag, end));
                position = end + (endSign == 0 ? 2 : 3);
                finishTag(endSign, true);
                return true;
            }
        }
        throw new SyntaxFault("missing end of raw directive '{% endraw %}'", startLine);
    }

    private void tag(Type begin, Type end, String closing) {
        add(begin, "");
        int startLine = line;
        while (position < source.length()) {
            if (open.isEmpty()) {
                char sign = signAt(position);
                boolean signAllowed = sign == '-' || (sign == '+' && end == Type.BLOCK_END);
                if (signAllowed && source.startsWith(closing, position + 1)) {
                    add(end, "");
                    position += 3;
                    finishTag(sign, end == Type.BLOCK_END);
                    return;
                }
                if (source.startsWith(closing, position)) {
                    add(end, "");
                    position += 2;
                    finishTag((char) 0, end == Type.BLOCK_END);
                    return;
                }
            }
            code();
        }
        throw new SyntaxFault("missing end of tag '" + closing + "'", startLine);
    }

    private void code() {
        char c = source.charAt(position);
        if (PythonString.isSpace(c)) {
            line += c == '\n' ? 1 : 0;
            position++;
        } else if (c >= '0' && c <= '9') {
            number();
        } else if (c == '_' || Character.isLetter(source.codePointAt(position))) {
            name();
        } else if (c == '\'' || c == '"') {
            string(c);
        } else {
            operator();
        }
    }

    private void name() {
        int end = position;
        while (end < source.length()) {
            int c = source.codePointAt(end);
            if (c != '_' && !Character.isLetterOrDigit(c)) {
                break;
            }
            end += Character.charCount(c);
        }
        add(Type.NAME, source.substring(position, end));
        position = end;
    }

    private void number() {
        int start = position;
        boolean afterDot = start > 0 && source.charAt(start - 1) == '.';
        int radix = radixAt(start);
        if (radix != 10) {
            int end = digits(start + 2, radix);
            if (end > start + 2) {
                integer(start, end, unscored(start + 2, end), radix);
                return;
            }
        }
        int end = digits(start, 10);
        int floatEnd = afterDot ? end : exponent(fraction(end));
        if (floatEnd > end) {
            String text = unscored(start, floatEnd);
            tokens.add(new Token(Type.FLOAT, text, Double.valueOf(text), line));
            position = floatEnd;
        } else {
            integer(start, end, unscored(start, end), 10);
        }
    }

    private void integer(int start, int end, String digits, int radix) {
        // A digit has a bit at least; more digits are not even read, which takes time that grows with their square.
        boolean readable = digits.length() <= Budget.MAX_INTEGER_BITS;
        BigInteger value = readable ? new BigInteger(digits, radix) : BigInteger.ZERO;
        if (!readable || value.bitLength() > Budget.MAX_INTEGER_BITS) {
            throw new SyntaxFault("an integer of more than %d bits".formatted(Budget.MAX_INTEGER_BITS), line);
        }
        tokens.add(new Token(Type.INTEGER, source.substring(start, end), Arithmetic.normalize(value), line));
        position = end;
    }

    private int radixAt(int index) {
        if (source.charAt(index) != '0' || index + 2 >= source.length()) {
            return 10;
        }
        return switch (source.charAt(index + 1)) {
            case 'b', 'B' -> 2;
            case 'o', 'O' -> 8;
            case 'x', 'X' -> 16;
            default -> 10;
        };
    }

    private int digits(int from, int radix) {
        int end = from;
        while (end < source.length()) {
            int digit = source.charAt(end) == '_' ? end + 1 : end;
            if (digit >= source.length()
                    || source.charAt(digit) > 'f'
                    || Character.digit(source.charAt(digit), radix) < 0) {
                break;
            }
            end = digit + 1;
        }
        return end;
    }

    private int fraction(int from) {
        if (from + 1 < source.length() && source.charAt(from) == '.') {
            char next = source.charAt(from + 1);
            return next >= '0' && next <= '9' ? digits(from + 1, 10) : from;
        }
        return from;
    }

    private int exponent(int from) {
        if (from < source.length() && (source.charAt(from) == 'e' || source.charAt(from) == 'E')) {
            int first = from + (signAt(from + 1) == 0 ? 1 : 2);
            int end = digits(first, 10);
            return end > first && source.charAt(first) != '_' ? end : from;
        }
        return from;
    }

    private String unscored(int from, int to) {
        return source.substring(from, to).replace("_", "");
    }

    private void string(char quote) {
        int end = position + 1;
        while (end < source.length() && source.charAt(end) != quote) {
            end += source.charAt(end) == '\\' ? 2 : 1;
        }
        if (end >= source.length()) {
            throw new SyntaxFault("unterminated string", line);
        }
        String raw = source.substring(position + 1, end);
        try {
            add(Type.STRING, PythonString.unescape(raw));
        } catch (TemplateFault fault) {
            throw new SyntaxFault(fault.getMessage(), line);
        }
        countLines(raw);
        position = end + 1;
    }

    private void operator() {
        for (String operator : LONG_OPERATORS) {
            if (source.startsWith(operator, position)) {
                add(Type.OPERATOR, operator);
                position += operator.length();
                return;
            }
        }
        char c = source.charAt(position);
        if (SHORT_OPERATORS.indexOf(c) < 0) {
            throw new SyntaxFault("unexpected character '%c'".formatted(c), line);
        }
        balance(c);
        add(Type.OPERATOR, String.valueOf(c));
        position++;
    }

    private void balance(char c) {
        switch (c) {
            case '(' -> open.push(')');
            case '[' -> open.push(']');
            case '{' -> open.push('}');
            case ')', ']', '}' -> {
                if (open.isEmpty()) {
                    throw new SyntaxFault("unexpected '%c'".formatted(c), line);
                }
                char expected = open.pop();
                if (expected != c) {
                    throw new SyntaxFault("unexpected '%c', expected '%c'".formatted(c, expected), line);
                }
            }
            default -> {}
        }
    }

    private void add(Type type, String text) {
        if (type != Type.DATA || !text.isEmpty()) {
            tokens.add(new Token(type, text, null, line));
        }
    }

    private void countLines(String text) {
        for (int i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) {
            line++;
        }
    }
}
