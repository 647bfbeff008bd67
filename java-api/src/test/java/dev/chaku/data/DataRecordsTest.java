package dev.chaku.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.chaku.errors.BadInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataRecordsTest {
    @TempDir
    Path folder;

    @Test
    void recordsComeAsTheyStandWithWhatIsNotRead() throws IOException {
        Path file = Files.writeString(
                folder.resolve("d.jsonl"),
                "{\"id\": 1, \"q\": \"a\", \"r\": \"b\", \"score\": 0.5}\n[]\n{\"text\": \"t\"}\n");
        List<DataRecords.Entry> entries = new ArrayList<>();
        Dataset.Options options =
                Dataset.Options.defaults().withSkipBadLines(true).withColumns(ColumnMap.parse("prompt=q,completion=r"));
        DataRecords.Skipped skipped = DataRecords.read(List.of(file), options, entries::add);
        assertEquals(1, entries.size());
        assertEquals(
                "{\"id\":1,\"q\":\"a\",\"r\":\"b\",\"score\":0.5}",
                JsonLines.line(entries.get(0).fields()));
        assertEquals(List.of("id", "score"), entries.get(0).unread());
        assertEquals(file + ":1", entries.get(0).source());
        assertEquals(2, skipped.lines());
        assertThrows(
                BadInputException.class,
                () -> DataRecords.read(List.of(file), options.withSkipBadLines(false), entry -> {}));
    }
}
