package dev.chaku.internal.chat;

import dev.chaku.chat.Tool;
import dev.chaku.chat.ToolCall;
import dev.chaku.generate.OutputForm;
import dev.chaku.internal.json.JsonText;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A call in the manner of XML: each argument between tags, strings as they are, all else as JSON. White space beside a
 * value is none of it where the tags have some.
 *
 * @param before the name
 * @param between the name and the first argument
 * @param keyBefore an argument's name
 * @param keyAfter an argument's name, up to its value
 * @param valueAfter the value
 * @param after the last argument
 */
record TaggedBody(String before, String between, String keyBefore, String keyAfter, String valueAfter, String after)
        implements CallBody {
    private static final int MOST_OF_A_NAME = 200;

    @Override
    public void read(Reading in, CallSink out, List<Tool> tools) {
        in.take(before);
        String name = in.name();
        in.take(between);
        out.begin(name, "");
        Map<String, Object> schema = tools.stream()
                .filter(tool -> tool.name().equals(name))
                .findFirst()
                .map(Tool::schemaValues)
                .orElse(Map.of());
        StringBuilder arguments = new StringBuilder("{");
        while (true) {
            in.skipSpace();
            if (!in.tryTake(keyBefore)) {
                in.take(after);
                break;
            }
            String tagEnd = keyAfter.substring(0, keyAfter.indexOf('>') + 1);
            String key = in.until(List.of(tagEnd), MOST_OF_A_NAME);
            in.take(tagEnd);
            String valueBefore = keyAfter.substring(tagEnd.length()).strip();
            if (!valueBefore.isEmpty()) {
                in.skipSpace();
                in.take(valueBefore);
            }
            if (arguments.length() > 1) {
                arguments.append(", ");
            }
            arguments.append(JsonText.of(key)).append(": ");
            value(in, out, arguments, ArgumentKinds.of(schema, key));
        }
        out.arguments(arguments.append("}").toString());
        out.end(in.position());
    }

    private void value(Reading in, CallSink out, StringBuilder arguments, @Nullable Set<String> kinds) {
        boolean spaced = keyAfter.endsWith("\n");
        if (spaced && in.peek() == '\n') {
            in.next();
        }
        int from = in.position();
        String end = valueAfter.strip();
        boolean isText = kinds != null && kinds.equals(Set.of("string"));
        String value;
        try {
            value = in.until(List.of(end), Integer.MAX_VALUE);
        } catch (Reading.NeedMore e) {
            if (isText) {
                // What may become the end is held back.
                int safe = Math.max(from, Math.min(in.position(), in.end()) - (spaced ? 1 : 0));
                String quoted = JsonText.of(whole(in.slice(from, safe)));
                out.arguments(arguments + quoted.substring(0, quoted.length() - 1));
            }
            throw e;
        }
        in.take(end);
        if (spaced && value.endsWith("\n")) {
            value = value.substring(0, value.length() - 1);
        }
        arguments.append(isText ? JsonText.of(value) : ArgumentKinds.json(value, kinds));
        out.arguments(arguments.toString());
    }

    /** Without half a character at the end, whose other half is yet to come. */
    private static String whole(String text) {
        boolean half = !text.isEmpty() && Character.isHighSurrogate(text.charAt(text.length() - 1));
        return half ? text.substring(0, text.length() - 1) : text;
    }

    @Override
    public OutputForm form(Tool tool) {
        List<OutputForm> parts = new ArrayList<>();
        parts.add(OutputForm.literal(before + tool.name() + between));
        for (ToolArguments.Argument argument : ToolArguments.of(tool)) {
            OutputForm value =
                    new OutputForm.Bare(OutputForm.jsonSchema(argument.schema()), List.of(valueAfter.strip()));
            OutputForm one = OutputForm.sequence(
                    OutputForm.literal(keyBefore + argument.name() + keyAfter), value, OutputForm.literal(valueAfter));
            parts.add(argument.required() ? one : OutputForm.optional(one));
        }
        parts.add(OutputForm.literal(after));
        return new OutputForm.Sequence(parts);
    }

    @Override
    public String write(ToolCall call) {
        StringBuilder text = new StringBuilder(before + call.name() + between);
        call.values().forEach((key, value) -> text.append(keyBefore)
                .append(key)
                .append(keyAfter)
                .append(value instanceof String words ? words : JsonText.of(value))
                .append(valueAfter));
        return text.append(after).toString();
    }
}
