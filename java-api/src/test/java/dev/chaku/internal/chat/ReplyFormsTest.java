package dev.chaku.internal.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.networknt.schema.InputFormat;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import dev.chaku.ReferenceData;
import dev.chaku.chat.Message;
import dev.chaku.chat.Tool;
import dev.chaku.chat.ToolCall;
import dev.chaku.chat.ToolChoice;
import dev.chaku.data.ChatRenderer;
import dev.chaku.errors.BadInputException;
import dev.chaku.generate.OutputForm;
import dev.chaku.gguf.GgufFile;
import dev.chaku.internal.generate.grammar.CompiledForm;
import dev.chaku.internal.generate.grammar.FormCompiler;
import dev.chaku.internal.generate.grammar.FormCursor;
import dev.chaku.text.TokenDecoder;
import dev.chaku.text.Tokenizer;
import dev.chaku.text.Tokenizers;
import dev.chaku.text.template.ChatTemplate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Real templates: which family each is of, and that whatever is written in the form of an answer is read as calls with
 * valid arguments, which the template then writes again.
 */
class ReplyFormsTest {
    private static final List<Tool> TOOLS = List.of(
            new Tool(
                    "get_weather",
                    "Weather",
                    "{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\",\"maxLength\":12,\"description\":\"c\"},"
                            + "\"days\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":14,\"description\":\"d\"},"
                            + "\"exact\":{\"type\":\"boolean\",\"description\":\"e\"},"
                            + "\"unit\":{\"enum\":[\"C\",\"F\"],\"type\":\"string\",\"description\":\"u\"},"
                            + "\"at\":{\"type\":\"array\",\"items\":{\"type\":\"integer\"},\"maxItems\":2,\"description\":\"a\"}},"
                            + "\"required\":[\"city\",\"unit\"],\"additionalProperties\":false}"),
            new Tool("stop", "Stops", "{\"type\":\"object\",\"properties\":{},\"additionalProperties\":false}"));

    private static final Map<String, String> FAMILIES = new TreeMap<>(Map.ofEntries(
            Map.entry("Apertus-8B-Instruct", "generic"),
            Map.entry("Bielik-11B-v3.0-Instruct", "hermes"),
            Map.entry("ByteDance-Seed-OSS", "seed"),
            Map.entry("CohereForAI-c4ai-command-r-plus-tool_use", "command-r"),
            Map.entry("CohereForAI-c4ai-command-r7b-12-2024-tool_use", "command-r7b"),
            Map.entry("GLM-4.7-Flash", "glm"),
            Map.entry("HuggingFaceTB-SmolLM3-3B", "generic"),
            Map.entry("Kimi-K2-Instruct", "kimi"),
            Map.entry("LFM2-8B-A1B", "lfm2"),
            Map.entry("LFM2.5-Instruct", "lfm2"),
            Map.entry("MiniMax-M2", "minimax"),
            Map.entry("NVIDIA-Nemotron-3-Nano-30B-A3B-BF16", "qwen-coder"),
            Map.entry("NVIDIA-Nemotron-Nano-v2", "nemotron"),
            Map.entry("NousResearch-Hermes-3-Llama-3.1-8B-tool_use", "hermes"),
            Map.entry("Qwen-QwQ-32B", "hermes"),
            Map.entry("Qwen-Qwen3-0.6B", "hermes"),
            Map.entry("Qwen3-Coder", "qwen-coder"),
            Map.entry("StepFun3.5-Flash", "qwen-coder"),
            Map.entry("deepseek-ai-DeepSeek-R1-Distill-Qwen-32B", "deepseek-r1"),
            Map.entry("deepseek-ai-DeepSeek-V3.1", "deepseek-v3"),
            Map.entry("google-gemma-2-2b-it", "generic"),
            Map.entry("ibm-granite-granite-3.3-2B-Instruct", "granite"),
            Map.entry("ibm-granite-granite-4.0", "hermes"),
            Map.entry("llama-cpp-deepseek-r1", "deepseek-r1"),
            Map.entry("meetkai-functionary-medium-v3.2", "functionary"),
            Map.entry("meta-llama-Llama-3.1-8B-Instruct", "llama3"),
            Map.entry("meta-llama-Llama-3.3-70B-Instruct", "llama3"),
            Map.entry("microsoft-Phi-3.5-mini-instruct", "generic"),
            Map.entry("mistralai-Mistral-Nemo-Instruct-2407", "mistral"),
            Map.entry("moonshotai-Kimi-K2", "kimi"),
            Map.entry("openai-gpt-oss-120b", "harmony"),
            Map.entry("unsloth-Apriel-1.5", "apriel"),
            Map.entry("unsloth-mistral-Devstral-Small-2507", "mistral-args")));

    @TestFactory
    Stream<DynamicTest> everyTemplate() throws IOException {
        if (!ReferenceData.has("templates")) {
            return ReferenceData.skipped("templates").stream();
        }
        try (Stream<Path> files = Files.list(ReferenceData.require("templates"))) {
            List<Path> all = files.filter(file -> file.toString().endsWith(".jinja"))
                    .sorted()
                    .toList();
            Tokenizer tokenizer = Tokenizers.of(GgufFile.read(ReferenceData.require("tokenizers/deepseek-llm.gguf")));
            FormCompiler compiler = new FormCompiler(tokenizer);
            return all.stream()
                    .map(file -> DynamicTest.dynamicTest(name(file), () -> template(file, tokenizer, compiler)));
        }
    }

    private static String name(Path file) {
        return file.getFileName().toString().replace(".jinja", "");
    }

    private static void template(Path file, Tokenizer tokenizer, FormCompiler compiler) throws IOException {
        ChatTemplate template = ChatTemplate.parse(name(file), Files.readString(file), "<s>", "</s>");
        ChatRenderer renderer = ChatRenderer.of(template);
        ReplyFormat format = ReplyFormat.of(template.source(), renderer);
        String family = FAMILIES.get(name(file));
        if (family != null) {
            assertEquals(family, format.describe().family());
        }
        List<Message> talk = new ArrayList<>(List.of(Message.system("Be brief."), Message.user("Weather?")));
        String prompt = render(format, renderer, talk);
        assertTrue(prompt.contains("get_weather"), "the model is told of its tools");
        for (ToolChoice choice : List.of(ToolChoice.auto(), ToolChoice.required(), ToolChoice.named("get_weather"))) {
            OutputForm form =
                    ReplyForms.of(format, TOOLS, choice, true, null, prompt).orElseThrow();
            CompiledForm compiled = compiler.compile(form);
            for (int seed = 0; seed < 8; seed++) {
                String written = write(compiled, tokenizer, new Random(seed));
                Message.Assistant answer = read(format, prompt, written);
                if (!(choice instanceof ToolChoice.Auto)) {
                    assertFalse(answer.calls().isEmpty(), written);
                }
                answer.calls().forEach(call -> requireValid(call, written));
                if (seed == 0 && !answer.calls().isEmpty()) {
                    talk.add(new Message.Assistant("", "", answer.calls().subList(0, 1)));
                    talk.add(Message.result(answer.calls().get(0), "It is sunny."));
                    String next = render(format, renderer, talk);
                    assertTrue(next.contains("It is sunny."), next);
                    assertTrue(next.contains(answer.calls().get(0).name()), next);
                    talk.subList(2, talk.size()).clear();
                }
            }
        }
        OutputForm words = ReplyForms.of(
                        format, List.of(), ToolChoice.auto(), true, OutputForm.choices("yes", "no"), prompt)
                .orElseThrow();
        for (int seed = 0; seed < 4; seed++) {
            String written = write(compiler.compile(words), tokenizer, new Random(seed));
            assertTrue(
                    List.of("yes", "no")
                            .contains(read(format, prompt, written).text().strip()),
                    written);
        }
    }

    private static String render(ReplyFormat format, ChatRenderer renderer, List<Message> talk) {
        return renderer.render(PromptWriter.messages(format, talk, TOOLS), PromptWriter.toolsFor(format, TOOLS), true);
    }

    private static Message.Assistant read(ReplyFormat format, String prompt, String written) {
        int[] id = {0};
        ReplyParser parser = new ReplyParser(
                new ReplyParser.Settings(
                        format, TOOLS, true, format.thinksAfter(prompt), () -> "call%05d".formatted(++id[0])),
                event -> {});
        parser.add(format.begunBy(prompt));
        parser.add(written);
        Message.Assistant answer = parser.finish();
        assertEquals(List.of(), parser.problems(), written);
        return answer;
    }

    private static void requireValid(ToolCall call, String written) {
        Tool tool = TOOLS.stream()
                .filter(each -> each.name().equals(call.name()))
                .findFirst()
                .orElseThrow();
        try {
            assertEquals(
                    List.of(),
                    List.copyOf(JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012)
                            .getSchema(tool.schema(), InputFormat.JSON)
                            .validate(new ObjectMapper().readTree(call.arguments()))),
                    call.arguments() + " in " + written);
        } catch (IOException e) {
            throw new AssertionError(call.arguments() + " in " + written, e);
        }
    }

    /** Any tokens at first, then those that end what was begun in the shortest way. */
    private static String write(CompiledForm form, Tokenizer tokenizer, Random random) {
        FormCursor cursor = form.begin();
        TokenDecoder decoder = tokenizer.decoder(true);
        StringBuilder text = new StringBuilder();
        int[] allowed = new int[form.vocabSize()];
        int free = random.nextInt(60);
        for (int step = 0; step < free && !cursor.isEnd(); step++) {
            int token = allowed[random.nextInt(cursor.allowed(allowed))];
            if (tokenizer.isEndOfGeneration(token)) {
                return text + decoder.finish();
            }
            assertTrue(cursor.accept(token));
            text.append(decoder.add(token));
        }
        for (int token : cursor.shortestEnd()) {
            assertTrue(cursor.accept(token), text::toString);
            text.append(decoder.add(token));
        }
        assertTrue(cursor.isComplete(), text::toString);
        return text + decoder.finish();
    }

    @Test
    void toolsThatAreNotThereCannotBeChosen() {
        ReplyFormat format = ReplyFormat.of("<tool_call>", (messages, tools, prompt) -> messages.toString());
        BadInputException none = assertThrows(
                BadInputException.class, () -> ReplyForms.of(format, List.of(), ToolChoice.required(), true, null, ""));
        assertEquals("tool choice: expected tools to choose from, found none", none.getMessage());
        BadInputException other = assertThrows(
                BadInputException.class, () -> ReplyForms.of(format, TOOLS, ToolChoice.named("go"), true, null, ""));
        assertEquals("tool choice: expected one of [get_weather, stop], found go", other.getMessage());
        assertTrue(
                ReplyForms.of(format, TOOLS, ToolChoice.none(), true, null, "").isEmpty());
    }
}
