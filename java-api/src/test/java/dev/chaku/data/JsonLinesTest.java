package dev.chaku.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.chaku.ReferenceData;
import dev.chaku.errors.BadInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonLinesTest {
    @TempDir
    Path folder;

    @Test
    void everyKindIsReadAsItWasWritten() {
        List<Map<String, Object>> asked = List.of(Map.of("role", "user", "content", "q\u2028\""));
        List<Map<String, Object>> good = List.of(Map.of("role", "assistant", "content", "a"));
        List<Map<String, Object>> poor = List.of(Map.of("role", "assistant", "content", "b"));
        List<Object> tools =
                List.of(Map.of("type", "function", "function", Map.of("name", "f", "strict", true, "n", 1L, "x", 0.5)));
        Path file = folder.resolve("out.jsonl");
        List<Example> examples = List.of(
                new Example.Text(file + ":1", "t"),
                new Example.PromptCompletion(file + ":2", "p", "c"),
                new Example.Preference(file + ":3", asked, good, poor, tools),
                new Example.Labelled(file + ":4", asked, poor, false, List.of()),
                new Example.Tokens(file + ":5", List.of(7, 8, 9), List.of(0f, 1f, 1f)));
        JsonLines.write(examples, file);
        assertEquals(examples, Dataset.read(file).examples());
        assertThrows(BadInputException.class, () -> JsonLines.write(examples, file));
    }

    @Test
    void theWeightOfATurnIsKept() throws IOException {
        Path file = Files.writeString(
                folder.resolve("in.jsonl"),
                "{\"messages\": [{\"role\": \"user\", \"content\": \"q\"}, {\"role\": \"assistant\", \"content\": \"a\", \"loss_weight\": 0.5}]}\n");
        Example.Chat chat = (Example.Chat) Dataset.read(file).examples().get(0);
        Path copy = folder.resolve("copy.jsonl");
        JsonLines.write(List.of(chat), copy);
        assertEquals(
                chat.weights(), ((Example.Chat) Dataset.read(copy).examples().get(0)).weights());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "glaive_toolcall_en_demo.json",
                "dpo_zh_demo.json",
                "kto_en_demo.json",
                "v1_dpo_demo.jsonl",
                "v1_sft_demo.jsonl"
            })
    void publishedDataKeepTheirContent(String name) {
        List<Example> examples = Dataset.read(ReferenceData.require("datasets/llama-factory/" + name))
                .examples();
        Path first = folder.resolve("first.jsonl");
        JsonLines.write(examples, first);
        List<Example> again = Dataset.read(first).examples();
        for (int i = 0; i < examples.size(); i++) {
            assertEquals(JsonLines.line(examples.get(i)), JsonLines.line(again.get(i)));
        }
    }
}
