package dev.chaku.internal.chat;

import dev.chaku.chat.Tool;
import dev.chaku.chat.ToolCall;
import dev.chaku.generate.OutputForm;
import java.util.List;

/**
 * A call as the tool's name and its arguments as JSON, between texts. A {@code #} in the middle stands for a number: of
 * the call in the conversation.
 *
 * @param before the name
 * @param between name and arguments
 * @param after the arguments
 */
record NamedBody(String before, String between, String after) implements CallBody {
    @Override
    public void read(Reading in, CallSink out, List<Tool> tools) {
        in.take(before);
        String name = in.name();
        int number = between.indexOf('#');
        String id = "";
        if (number < 0) {
            in.take(between);
        } else {
            in.take(between.substring(0, number));
            int from = in.position();
            while (in.peek() >= '0' && in.peek() <= '9') {
                in.next();
            }
            id = name + ":" + in.slice(from, in.position());
            in.take(between.substring(number + 1));
        }
        out.begin(name, id);
        out.json(in);
        in.take(after);
        out.end(in.position());
    }

    @Override
    public OutputForm form(Tool tool) {
        int number = between.indexOf('#');
        OutputForm head = number < 0
                ? OutputForm.literal(before + tool.name() + between)
                : OutputForm.sequence(
                        OutputForm.literal(before + tool.name() + between.substring(0, number)),
                        OutputForm.regex("[0-9]{1,3}"),
                        OutputForm.literal(between.substring(number + 1)));
        return OutputForm.sequence(head, OutputForm.jsonSchema(tool.schema()), OutputForm.literal(after));
    }

    @Override
    public String write(ToolCall call) {
        return before + call.name() + between.replace("#", "0") + call.arguments() + after;
    }
}
