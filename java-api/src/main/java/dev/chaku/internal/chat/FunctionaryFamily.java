package dev.chaku.internal.chat;

import dev.chaku.chat.Tool;
import dev.chaku.chat.ToolCall;
import dev.chaku.generate.OutputForm;
import java.util.List;
import java.util.stream.Collectors;

/** Functionary 3.2: parts of an answer begin with whom they are for, all or a tool, and the prompt begins the first. */
final class FunctionaryFamily implements ChatFamily {
    private static final String PART = ">>>";
    private static final String ALL = ">>>all\n";
    private static final NamedBody BODY = new NamedBody(PART, "\n", "");

    @Override
    public String name() {
        return "functionary";
    }

    @Override
    public boolean wrote(String template) {
        return template.contains(">>>all") && template.contains("<|start_header_id|>");
    }

    @Override
    public List<String> silent() {
        return List.of(ALL);
    }

    @Override
    public List<String> triggers() {
        return List.of(PART);
    }

    @Override
    public List<String> begun() {
        return List.of(PART);
    }

    @Override
    public Mode read(Reading in, CallSink out, List<Tool> tools) {
        BODY.read(in, out, tools);
        return Mode.TEXT;
    }

    @Override
    public OutputForm calls(List<Tool> tools, boolean several) {
        OutputForm one = new OutputForm.OneOf(tools.stream().map(BODY::form).toList());
        return several ? new OutputForm.Repeated(one, 1, Integer.MAX_VALUE) : one;
    }

    @Override
    public OutputForm words(OutputForm words) {
        return OutputForm.sequence(OutputForm.literal(ALL), words);
    }

    @Override
    public String write(List<ToolCall> calls) {
        return calls.stream().map(BODY::write).collect(Collectors.joining());
    }
}
