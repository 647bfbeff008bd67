package dev.chaku.internal.chat;

import dev.chaku.chat.Tool;
import dev.chaku.chat.ToolCall;
import dev.chaku.generate.OutputForm;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A family whose calls stand between marks: one block with all calls, or one for each.
 *
 * @param name of the family
 * @param signs what its templates spell, all of them
 * @param open begins a block
 * @param separator between two calls of a block; empty where a block has one call
 * @param close ends a block; may be missing at the end of an answer
 * @param between blocks, where a block has one call
 * @param body how a call is written
 */
record BlockFamily(
        String name, List<String> signs, String open, String separator, String close, String between, CallBody body)
        implements ChatFamily {

    @Override
    public boolean wrote(String template) {
        return signs.stream().allMatch(template::contains);
    }

    @Override
    public List<String> triggers() {
        // Of the marks that open a block the first alone, as models leave out white space, or add some.
        char end = open.charAt(0) == '<' ? '>' : open.charAt(0) == '[' ? ']' : ':';
        return List.of(open.substring(0, open.indexOf(end) + 1));
    }

    @Override
    public Mode read(Reading in, CallSink out, List<Tool> tools) {
        in.take(open);
        do {
            in.skipSpace();
            body.read(in, out, tools);
            if (close.isEmpty() && separator.isEmpty()) {
                return Mode.TEXT;
            }
            in.skipSpace();
            if (in.peek() == Reading.END || !close.isEmpty() && in.tryTake(close.strip())) {
                return Mode.TEXT;
            }
        } while (!separator.isEmpty() && in.tryTake(separator));
        throw in.expected("'" + close.strip() + "'");
    }

    @Override
    public OutputForm calls(List<Tool> tools, boolean several) {
        OutputForm one = new OutputForm.OneOf(tools.stream().map(body::form).toList());
        if (separator.isEmpty()) {
            OutputForm block = OutputForm.sequence(OutputForm.literal(open), one, OutputForm.literal(close));
            return several ? repeated(block, between) : block;
        }
        return OutputForm.sequence(
                OutputForm.literal(open), several ? repeated(one, separator) : one, OutputForm.literal(close));
    }

    private static OutputForm repeated(OutputForm one, String separator) {
        List<OutputForm> parts = new ArrayList<>();
        parts.add(one);
        parts.add(
                new OutputForm.Repeated(OutputForm.sequence(OutputForm.literal(separator), one), 0, Integer.MAX_VALUE));
        return new OutputForm.Sequence(parts);
    }

    @Override
    public String write(List<ToolCall> calls) {
        return separator.isEmpty()
                ? calls.stream().map(call -> open + body.write(call) + close).collect(Collectors.joining(between))
                : calls.stream().map(body::write).collect(Collectors.joining(separator, open, close));
    }
}
