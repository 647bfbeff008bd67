package dev.chaku.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.chaku.errors.BadInputException;
import dev.chaku.internal.io.JsonValues;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ColumnMapTest {
    @Test
    void renamesColumnsAndLeavesTheOthers() throws RecordFault {
        assertEquals(
                Map.of("prompt", "a", "completion", "b", "id", 1),
                ColumnMap.parse("prompt=act, completion=prompt").apply(Map.of("act", "a", "prompt", "b", "id", 1)));
    }

    @Test
    void fillsColumnsIntoAText() throws RecordFault {
        assertEquals(
                "$1: a (5)",
                ColumnMap.parse("prompt=$1: {word} ({n})")
                        .apply(Map.of("word", "a", "n", 5))
                        .get("prompt"));
    }

    private static Example read(String columns, String record) throws Exception {
        return RecordReader.read(JsonValues.parse(record.replace('\'', '"')), null, ColumnMap.parse(columns), "f:1")
                .get(0);
    }

    /** What is named wins over the format that the record's own keys speak for. */
    @Test
    void whatIsNamedDecidesTheFormat() throws Exception {
        String pair = "{'prompt': 'a', 'completion': 'b'}";
        assertEquals(new Example.Text("f:1", "a -> b"), read("text={prompt} -> {completion}", pair));
        String both = "{'messages': [], 'question': 'q', 'reply': 'r', 'text': 't'}";
        assertEquals(new Example.PromptCompletion("f:1", "q", "r"), read("prompt=question,completion=reply", both));
        assertEquals(
                new Example.PromptCompletion("f:1", "q", "r"),
                read("completion=reply", "{'prompt': 'q', 'reply': 'r', 'text': 't'}"));
        assertEquals(new Example.Text("f:1", "q"), read("text=question", both));
        Example.Chat chat = (Example.Chat) read("instruction=question,output=reply,system=text", both);
        assertEquals("t", chat.messages().get(0).get("content"));
    }

    @Test
    void keysThatNobodyReadsAreNamed() {
        assertEquals(
                "columns: expected a key that a format reads, as prompt, completion, text or messages, found 'answerr'",
                assertThrows(BadInputException.class, () -> ColumnMap.parse("prompt=q,answerr=a"))
                        .getMessage());
        assertEquals(
                "columns: expected one column for 'prompt', found two",
                assertThrows(BadInputException.class, () -> ColumnMap.parse("prompt=q,prompt=r"))
                        .getMessage());
        Dataset.Options text = Dataset.Options.defaults().withFormat(DataFormat.TEXT);
        assertEquals(
                "columns: expected keys that the format text reads, found 'prompt'",
                assertThrows(BadInputException.class, () -> text.withColumns(ColumnMap.parse("prompt=q")))
                        .getMessage());
        assertEquals(
                "expected columns that one format reads together, found [completion, prompt, text] of the column map in [prompt,"
                        + " completion, text]",
                assertThrows(
                                RecordFault.class,
                                () -> read("prompt=a,completion=b,text=c", "{'a': 'x', 'b': 'y', 'c': 'z'}"))
                        .getMessage()
                        .replace("[text, prompt, completion]", "[prompt, completion, text]")
                        .replace("[completion, prompt, text] in", "[prompt, completion, text] in")
                        .replaceAll("in \\[.*", "in [prompt, completion, text]"));
        assertEquals(
                "expected a value in the column 'x', found null",
                assertThrows(RecordFault.class, () -> read("text={x}", "{'x': null}"))
                        .getMessage());
    }

    @Test
    void aCommaInATextBelongsToIt() {
        assertEquals(
                Map.of("prompt", "Q: {q}, B={b}, please", "completion", "{a}, done"),
                ColumnMap.parse("prompt=Q: {q}, B={b}, please,completion={a}, done")
                        .columns());
    }

    @Test
    void namesTheColumnThatIsMissing() {
        assertEquals(
                "expected a column 'x', found [y]",
                assertThrows(RecordFault.class, () -> ColumnMap.parse("prompt=x")
                                .apply(Map.of("y", 1)))
                        .getMessage());
        assertThrows(RecordFault.class, () -> ColumnMap.parse("prompt={x}!").apply(Map.of("y", 1)));
        assertThrows(BadInputException.class, () -> ColumnMap.parse("prompt"));
    }
}
