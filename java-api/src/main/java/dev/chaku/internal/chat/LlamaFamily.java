package dev.chaku.internal.chat;

import dev.chaku.chat.Tool;
import dev.chaku.chat.ToolCall;
import dev.chaku.generate.OutputForm;
import java.util.List;

/** Llama 3.x: an answer is words, or one call as a JSON object, which a tag may go before. */
final class LlamaFamily implements ChatFamily {
    private static final String TAG = "<|python_tag|>";
    private static final JsonBody BODY = new JsonBody("name", "parameters", "", false);

    @Override
    public String name() {
        return "llama3";
    }

    @Override
    public boolean wrote(String template) {
        return template.contains("<|start_header_id|>") && template.contains("\"parameters\"");
    }

    @Override
    public List<String> triggers() {
        return List.of(TAG);
    }

    @Override
    public List<String> triggersAtStart() {
        return List.of("{");
    }

    @Override
    public boolean parallelCalls() {
        return false;
    }

    @Override
    public Mode read(Reading in, CallSink out, List<Tool> tools) {
        in.tryTake(TAG);
        BODY.read(in, out, tools);
        return Mode.TEXT;
    }

    @Override
    public OutputForm calls(List<Tool> tools, boolean several) {
        return new OutputForm.OneOf(tools.stream().map(BODY::form).toList());
    }

    @Override
    public String write(List<ToolCall> calls) {
        return BODY.write(calls.get(0));
    }
}
