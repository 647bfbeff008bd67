package dev.chaku.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.ReferenceData;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Data sets as people publish them. */
class DatasetReferenceTest {
    @ParameterizedTest
    @CsvSource({
        "axolotl-fixtures/alpaca.json,2,Chat",
        "axolotl-fixtures/conversation.json,1,Chat",
        "axolotl-fixtures/conversation.missingturns.json,1,Chat",
        "axolotl-fixtures/conversation.tokenized_llama2chat.json,1,Tokens",
        "commonsense-moral-ja/data_val.csv,1996,PromptCompletion",
        "fastchat/dummy_conversation.json,500,Chat",
        "instruction_ja/data.jsonl,669,Chat",
        "jglue/jcommonsenseqa-valid-v1.3.json,1119,PromptCompletion",
        "llama-factory/dpo_en_demo.json,300,Preference",
        "llama-factory/dpo_zh_demo.json,300,Preference",
        "llama-factory/glaive_toolcall_en_demo.json,300,Chat",
        "llama-factory/identity.json,91,Chat",
        "llama-factory/kto_en_demo.json,300,Labelled",
        "llama-factory/v1_dpo_demo.jsonl,10,Preference",
        "llama-factory/v1_sft_demo.jsonl,500,Chat",
        "mlx-wikisql/test.jsonl,100,Text",
        "mlx-wikisql/train.jsonl,1000,Text",
        "mlx-wikisql/valid.jsonl,100,Text",
        "mlx-wwdc25/train.jsonl,1800,PromptCompletion",
        "mlx-wwdc25/valid.jsonl,144,PromptCompletion",
        "openai-cookbook/toy_chat_fine_tuning.jsonl,5,Chat",
        "self-instruct/seed_tasks.jsonl,175,Chat",
    })
    void readsTheWholeFile(String file, int examples, String kind) {
        Dataset data = Dataset.read(ReferenceData.require("datasets/" + file));
        assertEquals(examples, data.examples().size());
        data.examples().forEach(example -> assertEquals(kind, example.getClass().getSimpleName(), example.source()));
    }

    @Test
    void aColumnMapReadsColumnsOfOtherNames() {
        Dataset data = Dataset.read(
                List.of(ReferenceData.require("datasets/awesome-chatgpt-prompts/prompts.csv")),
                Dataset.Options.defaults().withColumns(ColumnMap.parse("prompt=act,completion=prompt")));
        Example.PromptCompletion first =
                (Example.PromptCompletion) data.examples().get(0);
        assertEquals("An Ethereum Developer", first.prompt());
        assertTrue(
                first.completion().startsWith("Imagine you are an experienced Ethereum developer"), first.completion());
    }

    @Test
    void aTextFileIsCutAtLinesWithoutLosingACharacter() {
        Dataset data = Dataset.read(ReferenceData.require("datasets/tinyshakespeare/input.txt"));
        assertEquals(
                1_115_394,
                data.examples().stream()
                        .mapToInt(example -> ((Example.Text) example).text().length())
                        .sum());
    }

    @Test
    void callsOfToolsBecomeMessagesWithArguments() {
        Dataset data = Dataset.read(ReferenceData.require("datasets/llama-factory/glaive_toolcall_en_demo.json"));
        Example.Chat chat = (Example.Chat) data.examples().get(0);
        Map<String, Object> call = chat.messages().get(3);
        assertEquals("assistant", call.get("role"));
        assertEquals(
                List.of(Map.of(
                        "type",
                        "function",
                        "function",
                        Map.of(
                                "name",
                                "search_recipes",
                                "arguments",
                                Map.of("ingredients", List.of("chicken", "bell peppers", "rice"))))),
                call.get("tool_calls"));
        assertEquals("tool", chat.messages().get(4).get("role"));
        assertTrue(
                chat.tools().get(0).toString().startsWith("{type=function, function={name="),
                chat.tools().toString());
    }
}
