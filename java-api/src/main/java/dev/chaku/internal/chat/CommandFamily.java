package dev.chaku.internal.chat;

import dev.chaku.chat.Tool;
import dev.chaku.chat.ToolCall;
import dev.chaku.generate.OutputForm;
import java.util.List;

/** Command R7B: words stand between marks of their own. */
final class CommandFamily implements ChatFamily {
    private static final String OPEN = "<|START_RESPONSE|>";
    private static final String CLOSE = "<|END_RESPONSE|>";

    private final BlockFamily blocks;

    CommandFamily(BlockFamily blocks) {
        this.blocks = blocks;
    }

    @Override
    public String name() {
        return blocks.name();
    }

    @Override
    public boolean wrote(String template) {
        return template.contains("<|START_ACTION|>");
    }

    @Override
    public List<String> silent() {
        return List.of(OPEN, CLOSE);
    }

    @Override
    public List<String> triggers() {
        return List.of("<|START_ACTION|>");
    }

    @Override
    public Mode read(Reading in, CallSink out, List<Tool> tools) {
        return blocks.read(in, out, tools);
    }

    @Override
    public OutputForm calls(List<Tool> tools, boolean several) {
        return blocks.calls(tools, several);
    }

    @Override
    public OutputForm words(OutputForm words) {
        return OutputForm.sequence(OutputForm.literal(OPEN), words, OutputForm.literal(CLOSE));
    }

    @Override
    public String write(List<ToolCall> calls) {
        return blocks.write(calls);
    }
}
