package dev.chaku.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.ReferenceData;
import dev.chaku.errors.BadInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DatasetInfoTest {
    @TempDir
    Path folder;

    @Test
    void readsColumnsByTheirNames() throws IOException {
        Files.writeString(folder.resolve("qa.jsonl"), "{\"frage\": \"q\", \"antwort\": \"a\"}\n");
        Path file = Files.writeString(folder.resolve("info.json"), """
            {"qa": {"file_name": "qa.jsonl", "columns": {"prompt": "frage", "response": "antwort"}},
             "far": {"hf_hub_url": "x/y"}, "seen": {"file_name": "qa.jsonl", "columns": {"images": "i"}}}
            """);
        DatasetInfo info = DatasetInfo.read(file);
        assertEquals(List.of("qa", "far", "seen"), info.names());
        Example.Chat chat = (Example.Chat) info.dataset("qa", false).examples().get(0);
        assertEquals(
                List.of("q", "a"),
                chat.messages().stream().map(m -> m.get("content")).toList());
        assertTrue(failure(info, "none").contains("found none; it has [qa, far, seen]"));
        assertTrue(failure(info, "far").contains("expected 'file_name', found [hf_hub_url]"));
        assertTrue(failure(info, "seen").contains("the column 'images' is not supported"));
    }

    private static String failure(DatasetInfo info, String name) {
        return assertThrows(BadInputException.class, () -> info.dataset(name, false))
                .getMessage();
    }

    @ParameterizedTest
    @CsvSource({"identity,91", "glaive_toolcall_en_demo,300", "dpo_en_demo,300", "kto_en_demo,300"})
    void readsTheSetsOfTheReference(String name, int examples) {
        DatasetInfo info = DatasetInfo.read(ReferenceData.require("datasets/llama-factory/dataset_info.json"));
        assertEquals(examples, info.dataset(name, false).examples().size());
    }
}
