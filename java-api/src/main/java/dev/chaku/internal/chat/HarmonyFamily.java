package dev.chaku.internal.chat;

import dev.chaku.chat.Tool;
import dev.chaku.chat.ToolCall;
import dev.chaku.generate.OutputForm;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Harmony, of gpt-oss: an answer is messages, each with a head that says in which channel it is: {@code analysis}
 * thinks, {@code final} and {@code commentary} speak, and what is {@code to=functions.NAME} calls.
 */
final class HarmonyFamily implements ChatFamily {
    private static final String START = "<|start|>";
    private static final String CHANNEL = "<|channel|>";
    private static final String MESSAGE = "<|message|>";
    private static final String END = "<|end|>";
    private static final Pattern TO = Pattern.compile("to=(?:functions\\.)?([A-Za-z0-9_.-]+)");
    private static final int MOST_OF_A_HEAD = 400;

    @Override
    public String name() {
        return "harmony";
    }

    @Override
    public boolean wrote(String template) {
        return template.contains(CHANNEL) && template.contains(MESSAGE) && template.contains("analysis");
    }

    @Override
    public Thoughts thoughts(String template) {
        // They are opened by a head.
        return new Thoughts(
                List.of(), List.of(END, START, CHANNEL), CHANNEL + "analysis" + MESSAGE, END + START + "assistant");
    }

    @Override
    public List<String> silent() {
        return List.of(END, "<|return|>", "<|call|>");
    }

    @Override
    public List<String> triggers() {
        return List.of(START, CHANNEL);
    }

    @Override
    public List<String> triggersAtStart() {
        return List.of(" to=functions.", "to=functions.");
    }

    @Override
    public Mode read(Reading in, CallSink out, List<Tool> tools) {
        String head = in.until(List.of(MESSAGE), MOST_OF_A_HEAD);
        in.take(MESSAGE);
        Matcher to = TO.matcher(head);
        if (to.find() && !to.group(1).equals("assistant")) {
            out.begin(to.group(1), "");
            out.json(in);
            out.end(in.position());
            return Mode.TEXT;
        }
        return head.contains("analysis") ? Mode.REASONING : Mode.TEXT;
    }

    @Override
    public OutputForm calls(List<Tool> tools, boolean several) {
        List<OutputForm> all = new ArrayList<>();
        for (Tool tool : tools) {
            all.add(OutputForm.sequence(
                    OutputForm.literal(
                            CHANNEL + "commentary to=functions." + tool.name() + " <|constrain|>json" + MESSAGE),
                    OutputForm.jsonSchema(tool.schema())));
        }
        return new OutputForm.OneOf(all);
    }

    @Override
    public boolean parallelCalls() {
        return false;
    }

    @Override
    public OutputForm words(OutputForm words) {
        return OutputForm.sequence(OutputForm.literal(CHANNEL + "final" + MESSAGE), words);
    }

    @Override
    public String write(List<ToolCall> calls) {
        return calls.stream()
                .map(call -> CHANNEL + "commentary to=functions." + call.name() + " <|constrain|>json" + MESSAGE
                        + call.arguments())
                .collect(Collectors.joining(END + START + "assistant"));
    }
}
