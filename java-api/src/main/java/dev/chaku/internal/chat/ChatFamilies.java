package dev.chaku.internal.chat;

import java.util.List;

/**
 * The families that are known, each one line. The first that finds its signs in a template has it: special ones stand
 * before those whose signs they share.
 */
final class ChatFamilies {
    /** What models are told to write whose template says nothing of calls, or nothing that is known. */
    static final ChatFamily GENERIC = jsonBlocks("generic", "<tool_call>");

    private static final JsonBody NEMO = new JsonBody("name", "arguments", "id", false);
    private static final JsonBody COMMAND = new JsonBody("tool_name", "parameters", "tool_call_id", true);
    private static final JsonBody COMMAND_PLUS = new JsonBody("tool_name", "parameters", "", false);
    private static final TaggedBody CODER =
            new TaggedBody("<function=", ">\n", "<parameter=", ">\n", "\n</parameter>\n", "</function>");
    private static final TaggedBody INVOKE =
            new TaggedBody("<invoke name=\"", "\">\n", "<parameter name=\"", "\">", "</parameter>\n", "</invoke>");
    private static final TaggedBody PAIRS =
            new TaggedBody("", "", "<arg_key>", "</arg_key><arg_value>", "</arg_value>", "");
    private static final NamedBody FENCED =
            new NamedBody("<｜tool▁call▁begin｜>function<｜tool▁sep｜>", "\n```json\n", "\n```<｜tool▁call▁end｜>");
    private static final NamedBody BARE = new NamedBody("<｜tool▁call▁begin｜>", "<｜tool▁sep｜>", "<｜tool▁call▁end｜>");
    private static final NamedBody KIMI =
            new NamedBody("<|tool_call_begin|>functions.", ":#<|tool_call_argument_begin|>", "<|tool_call_end|>");

    private static final List<ChatFamily> ALL = List.of(
            new HarmonyFamily(),
            new FunctionaryFamily(),
            block(
                    "kimi",
                    "<|tool_calls_section_begin|>",
                    "",
                    "<|tool_calls_section_end|>",
                    KIMI,
                    "<|tool_call_begin|>"),
            block(
                    "deepseek-r1",
                    "<｜tool▁calls▁begin｜>",
                    "\n",
                    "<｜tool▁calls▁end｜>",
                    FENCED,
                    "<｜tool▁calls▁begin｜>",
                    "```json"),
            block("deepseek-v3", "<｜tool▁calls▁begin｜>", "\n", "<｜tool▁calls▁end｜>", BARE, "<｜tool▁sep｜>"),
            block("mistral-args", "[TOOL_CALLS]", "", "", new NamedBody("", "[ARGS]", ""), "[ARGS]"),
            block("mistral", "[TOOL_CALLS][", ", ", "]", NEMO, "[TOOL_CALLS]"),
            new CommandFamily(block("command-r7b", "<|START_ACTION|>[\n    ", ",\n    ", "\n]<|END_ACTION|>", COMMAND)),
            block("command-r", "Action: ```json\n[\n", ",\n", "\n]```", COMMAND_PLUS, "Action:", "tool_name"),
            block("granite", "<|tool_call|>[", ", ", "]", JsonBody.USUAL, "<|tool_call|>"),
            block("lfm2", "<|tool_call_start|>[", ", ", "]<|tool_call_end|>", new PythonBody(), "List of tools: "),
            block("glm", "<tool_call>", "", "</tool_call>", PAIRS, "<arg_key>"),
            block("minimax", "<minimax:tool_call>\n", "\n", "\n</minimax:tool_call>", INVOKE, "<minimax:tool_call>"),
            block("seed", "<seed:tool_call>\n", "", "\n</seed:tool_call>", CODER, "<seed:tool_call>"),
            block("qwen-coder", "<tool_call>\n", "", "\n</tool_call>", CODER, "<tool_call>", "<function="),
            block("nemotron", "<TOOLCALL>[", ", ", "]</TOOLCALL>", JsonBody.USUAL, "<TOOLCALL>"),
            block("apriel", "<tool_calls>[", ", ", "]</tool_calls>", JsonBody.USUAL, "<tool_calls>"),
            jsonBlocks("hermes", "<tool_call>"),
            new LlamaFamily());

    private ChatFamilies() {}

    /** The family of a template; the generic one where its notation of calls is not known. */
    static ChatFamily of(String template) {
        return ALL.stream().filter(family -> family.wrote(template)).findFirst().orElse(GENERIC);
    }

    private static BlockFamily jsonBlocks(String name, String sign) {
        return block(name, "<tool_call>\n", "", "\n</tool_call>", JsonBody.USUAL, sign);
    }

    private static BlockFamily block(
            String name, String open, String separator, String close, CallBody body, String... signs) {
        return new BlockFamily(name, List.of(signs), open, separator, close, "\n", body);
    }
}
