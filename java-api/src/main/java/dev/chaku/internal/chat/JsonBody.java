package dev.chaku.internal.chat;

import dev.chaku.chat.Tool;
import dev.chaku.chat.ToolCall;
import dev.chaku.generate.OutputForm;
import java.util.List;

/**
 * A call as a JSON object: {@code {"name": "f", "arguments": {...}}}. Reads members in any order, and the names that
 * any family uses.
 *
 * @param nameKey under which the tool's name stands
 * @param argumentsKey under which the arguments stand
 * @param idKey under which an id stands; empty for none
 * @param idFirst whether it stands before the others, rather than after them
 */
record JsonBody(String nameKey, String argumentsKey, String idKey, boolean idFirst) implements CallBody {
    static final JsonBody USUAL = new JsonBody("name", "arguments", "", false);

    @Override
    public void read(Reading in, CallSink out, List<Tool> tools) {
        in.skipSpace();
        in.take("{");
        boolean named = false;
        int early = -1;
        do {
            in.skipSpace();
            String key = in.string();
            in.skipSpace();
            in.take(":");
            in.skipSpace();
            switch (key) {
                case "\"name\"", "\"tool_name\"" -> {
                    if (named) {
                        throw in.expected("one name");
                    }
                    String name = in.string();
                    out.begin(name.substring(1, name.length() - 1), "");
                    named = true;
                    if (early >= 0) {
                        out.json(in.again(early));
                    }
                }
                case "\"arguments\"", "\"parameters\"" -> {
                    if (named) {
                        out.json(in);
                    } else {
                        early = in.position();
                        in.json();
                    }
                }
                // An id may come last, when the call was told of: it has another by then.
                case "\"id\"", "\"tool_call_id\"", "\"call_id\"", "\"type\"" -> in.json();
                default -> throw new Reading.Malformed("expected the name or the arguments of a call, found " + key);
            }
            in.skipSpace();
        } while (in.tryTake(","));
        in.take("}");
        if (!named || out.calls.get(out.calls.size() - 1).arguments.isEmpty()) {
            throw new Reading.Malformed("expected the name and the arguments of a call, found one of them");
        }
        out.end(in.position());
    }

    @Override
    public OutputForm form(Tool tool) {
        OutputForm id = OutputForm.regex("[a-zA-Z0-9]{9}");
        String middle = "\"" + nameKey + "\": \"" + tool.name() + "\", \"" + argumentsKey + "\": ";
        OutputForm arguments = OutputForm.jsonSchema(tool.schema());
        if (idKey.isEmpty()) {
            return OutputForm.sequence(OutputForm.literal("{" + middle), arguments, OutputForm.literal("}"));
        } else if (idFirst) {
            return OutputForm.sequence(
                    OutputForm.literal("{\"" + idKey + "\": \""),
                    OutputForm.regex("[0-9]{1,2}"),
                    OutputForm.literal("\", " + middle),
                    arguments,
                    OutputForm.literal("}"));
        }
        return OutputForm.sequence(
                OutputForm.literal("{" + middle),
                arguments,
                OutputForm.literal(", \"" + idKey + "\": \""),
                id,
                OutputForm.literal("\"}"));
    }

    @Override
    public String write(ToolCall call) {
        String inner = "\"" + nameKey + "\": \"" + call.name() + "\", \"" + argumentsKey + "\": " + call.arguments();
        return "{" + inner + (idKey.isEmpty() ? "" : ", \"" + idKey + "\": \"" + call.id() + "\"") + "}";
    }
}
