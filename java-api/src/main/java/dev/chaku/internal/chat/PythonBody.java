package dev.chaku.internal.chat;

import dev.chaku.chat.Tool;
import dev.chaku.chat.ToolCall;
import dev.chaku.generate.OutputForm;
import dev.chaku.internal.json.JsonText;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A call as Python writes it: {@code f(a="x", b=[1, 2])}. */
record PythonBody() implements CallBody {
    @Override
    public void read(Reading in, CallSink out, List<Tool> tools) {
        String name = in.name();
        in.skipSpace();
        in.take("(");
        out.begin(name, "");
        StringBuilder arguments = new StringBuilder("{");
        in.skipSpace();
        while (!in.tryTake(")")) {
            if (arguments.length() > 1) {
                in.take(",");
                in.skipSpace();
                arguments.append(", ");
            }
            String key = in.name();
            in.skipSpace();
            in.take("=");
            arguments.append(JsonText.of(key)).append(": ");
            value(in, arguments, 0);
            out.arguments(arguments.toString());
            in.skipSpace();
        }
        out.arguments(arguments.append("}").toString());
        out.end(in.position());
    }

    /** Reads a value and writes it as JSON. */
    private static void value(Reading in, StringBuilder json, int level) {
        in.skipSpace();
        int c = in.peek();
        if (level > 200) {
            throw in.expected("at most 200 levels");
        } else if (c == '"' || c == '\'') {
            json.append(JsonText.of(string(in)));
        } else if (c == '[' || c == '(' || c == '{') {
            in.next();
            members(in, json, c == '{', c == '[' ? ']' : c == '(' ? ')' : '}', level);
        } else if (in.tryTake("True") || in.tryTake("true")) {
            json.append("true");
        } else if (in.tryTake("False") || in.tryTake("false")) {
            json.append("false");
        } else if (in.tryTake("None") || in.tryTake("null")) {
            json.append("null");
        } else {
            int from = in.position();
            in.json();
            json.append(in.slice(from, in.position()));
        }
    }

    private static void members(Reading in, StringBuilder json, boolean named, char close, int level) {
        json.append(named ? '{' : '[');
        boolean first = true;
        in.skipSpace();
        while (in.peek() != close) {
            if (!first) {
                in.take(",");
                in.skipSpace();
                if (in.peek() == close) {
                    break;
                }
                json.append(", ");
            }
            first = false;
            if (named) {
                json.append(JsonText.of(string(in))).append(": ");
                in.skipSpace();
                in.take(":");
            }
            value(in, json, level + 1);
            in.skipSpace();
        }
        in.next();
        json.append(named ? '}' : ']');
    }

    private static String string(Reading in) {
        int quote = in.next();
        if (quote != '"' && quote != '\'') {
            throw in.expected("a text in quotes");
        }
        StringBuilder text = new StringBuilder();
        for (int c = in.next(); c != quote; c = in.next()) {
            if (c != '\\') {
                text.append((char) c);
                continue;
            }
            int escaped = in.next();
            switch (escaped) {
                case 'n' -> text.append('\n');
                case 't' -> text.append('\t');
                case 'r' -> text.append('\r');
                case 'b' -> text.append('\b');
                case 'f' -> text.append('\f');
                case 'u' -> text.append((char) hex(in, 4));
                case 'x' -> text.append((char) hex(in, 2));
                case '\\', '/', '"', '\'' -> text.append((char) escaped);
                default -> text.append('\\').append((char) escaped);
            }
        }
        return text.toString();
    }

    private static int hex(Reading in, int digits) {
        int value = 0;
        for (int i = 0; i < digits; i++) {
            int digit = Character.digit(in.next(), 16);
            if (digit < 0) {
                throw in.expected(digits + " hexadecimal digits");
            }
            value = 16 * value + digit;
        }
        return value;
    }

    @Override
    public OutputForm form(Tool tool) {
        List<ToolArguments.Argument> arguments = ToolArguments.of(tool);
        List<OutputForm> ways = new ArrayList<>();
        boolean mayBeFirst = true;
        for (int first = 0; first < arguments.size() && mayBeFirst; first++) {
            List<OutputForm> parts = new ArrayList<>();
            parts.add(one("", arguments.get(first)));
            for (ToolArguments.Argument argument : arguments.subList(first + 1, arguments.size())) {
                OutputForm one = one(", ", argument);
                parts.add(argument.required() ? one : OutputForm.optional(one));
            }
            ways.add(new OutputForm.Sequence(parts));
            mayBeFirst = !arguments.get(first).required();
        }
        if (mayBeFirst) {
            ways.add(OutputForm.literal(""));
        }
        return OutputForm.sequence(
                OutputForm.literal(tool.name() + "("), new OutputForm.OneOf(ways), OutputForm.literal(")"));
    }

    private static OutputForm one(String before, ToolArguments.Argument argument) {
        OutputForm value = OutputForm.jsonSchema(argument.schema());
        boolean isTruth = argument.schema().contains("\"type\":\"boolean\"")
                && !argument.schema().contains("[");
        OutputForm written = isTruth ? OutputForm.choices("True", "False") : value;
        return OutputForm.sequence(OutputForm.literal(before + argument.name() + "="), written);
    }

    @Override
    public String write(ToolCall call) {
        StringBuilder text = new StringBuilder(call.name()).append("(");
        String separator = "";
        for (Map.Entry<String, Object> argument : call.values().entrySet()) {
            text.append(separator).append(argument.getKey()).append("=").append(python(argument.getValue()));
            separator = ", ";
        }
        return text.append(")").toString();
    }

    private static String python(@Nullable Object value) {
        if (value instanceof Boolean truth) {
            return truth ? "True" : "False";
        } else if (value == null) {
            return "None";
        } else if (value instanceof List<?> list) {
            return list.stream().map(PythonBody::python).toList().toString();
        }
        return JsonText.of(value);
    }
}
