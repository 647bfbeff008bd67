package dev.chaku.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.chaku.internal.io.JsonValues;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TurnFlagsTest {
    private static Example.Chat read(String flags) throws IOException, RecordFault {
        String record =
                "{\"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}, {\"role\": \"assistant\", \"content\": \"bad\""
                        + flags + "}, {\"role\": \"assistant\", \"content\": \"good\"}]}";
        return (Example.Chat) RecordReader.read(JsonValues.parse(record), null, ColumnMap.NONE, "f:1")
                .get(0);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "weight|0|0",
                "weight|false|0",
                "weight|true|1",
                "weight|0.25|0.25",
                "weight|null|1",
                "loss_weight|0.0|0",
                "loss_weight|1|1",
                "loss|false|0",
                "loss|true|1",
                "loss|0|0",
                "loss|1.0|1",
                "train|false|0",
                "train|true|1",
                "train|0|0",
                "training|false|0",
                "trainable|false|0",
                "train_on_turn|false|0",
            })
    void everyTrainersFlagIsRead(String name, String value, float weight) throws Exception {
        Example.Chat chat = read(", \"" + name + "\": " + value);
        assertEquals(List.of(0f, weight, 1f), chat.weights());
        assertEquals(
                Map.of("role", "assistant", "content", "bad"), chat.messages().get(1));
    }

    @Test
    void shareGptAndMemoryCarryThemToo() throws Exception {
        String record =
                "{\"conversations\": [{\"from\": \"human\", \"value\": \"Hi\"}, {\"from\": \"gpt\", \"value\": \"bad\","
                        + " \"train\": false}, {\"from\": \"gpt\", \"value\": \"good\", \"train\": true}]}";
        Example.Chat chat = (Example.Chat) RecordReader.read(JsonValues.parse(record), null, ColumnMap.NONE, "f:1")
                .get(0);
        assertEquals(List.of(0f, 0f, 1f), chat.weights());
        Map<String, Object> bad = Map.of("role", "assistant", "content", "bad", "train", false);
        Map<String, Object> good = Map.of("role", "assistant", "content", "good");
        assertEquals(
                List.of(0f, 1f),
                Example.Chat.of("f:1", List.of(bad, good), List.of()).weights());
    }

    @Test
    void severalFlagsMustAgree() throws Exception {
        assertEquals(
                List.of(0f, 0.5f, 1f),
                read(", \"train\": true, \"weight\": 0.5, \"loss_weight\": 0.5").weights());
        assertEquals(
                List.of(0f, 0f, 1f), read(", \"train\": false, \"loss\": 0").weights());
        assertEquals(
                "messages[1]: expected flags that agree, found 'weight' of 1.0 and 'train' of 0.0",
                fault(", \"train\": false, \"weight\": 1"));
        assertEquals(
                "messages[1]: expected flags that agree, found 'weight' of 0.5 and 'loss_weight' of 0.25",
                fault(", \"loss_weight\": 0.25, \"weight\": 0.5"));
    }

    @Test
    void whatIsNoFlagIsAFault() {
        assertEquals(
                "messages[1]: expected a weight of at least 0 or a truth value as 'train', found the string 'no'",
                fault(", \"train\": \"no\""));
        assertEquals(
                "messages[1]: expected a weight of at least 0 or a truth value as 'loss', found -1",
                fault(", \"loss\": -1"));
        assertEquals(
                "messages[1]: expected a weight of at least 0 or a truth value as 'weight', found {}",
                fault(", \"weight\": {}"));
    }

    /** Other roles are never trained: a flag that says so is followed, one that says the contrary stays to be told. */
    @Test
    void aFlagThatIsNotFollowedStays() throws Exception {
        String user = "{\"role\": \"user\", \"content\": \"q\", \"train\": %s}";
        String record = "{\"messages\": [" + user + ", {\"role\": \"assistant\", \"content\": \"a\"}]}";
        for (boolean flag : new boolean[] {true, false}) {
            Object json = JsonValues.parse(String.format(record, flag));
            Example.Chat chat = (Example.Chat)
                    RecordReader.read(json, null, ColumnMap.NONE, "f:1").get(0);
            assertEquals(List.of(0f, 1f), chat.weights());
            assertEquals(flag, chat.messages().get(0).containsKey("train"));
        }
    }

    private static String fault(String flags) {
        return assertThrows(RecordFault.class, () -> read(flags)).getMessage();
    }
}
