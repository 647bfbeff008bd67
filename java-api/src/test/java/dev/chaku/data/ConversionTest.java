package dev.chaku.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.ReferenceData;
import dev.chaku.errors.BadInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConversionTest {
    @TempDir
    Path folder;

    private DataRecords.Entry entry(String line) throws IOException {
        Path file = Files.writeString(folder.resolve("d.jsonl"), line);
        List<DataRecords.Entry> entries = new ArrayList<>();
        DataRecords.read(List.of(file), Dataset.Options.defaults(), entries::add);
        assertEquals(1, entries.size());
        return entries.get(0);
    }

    private Conversion.Converted convert(String line, DataFormat target) throws IOException {
        return new Conversion(target).convert(entry(line)).get(0);
    }

    private static final String TOOLS =
            "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}, {\"role\": \"assistant\", \"content\": \"b\", \"weight\": 0},"
                    + " {\"role\": \"user\", \"content\": \"c\"}, {\"role\": \"assistant\", \"content\": \"\", \"tool_calls\":"
                    + " [{\"type\": \"function\", \"function\": {\"name\": \"f\", \"arguments\": {\"x\": 1}}}]},"
                    + " {\"role\": \"tool\", \"content\": \"d\"}, {\"role\": \"assistant\", \"content\": \"e\"}],"
                    + " \"tools\": [{\"type\": \"function\", \"function\": {\"name\": \"f\"}}], \"id\": 3}";

    @Test
    void shareGptHoldsToolsAndWeights() throws IOException {
        Conversion.Converted converted = convert(TOOLS, DataFormat.SHAREGPT);
        assertEquals(List.of(), converted.lost());
        Example.Chat before = (Example.Chat) entry(TOOLS).examples().get(0);
        Example.Chat after = (Example.Chat)
                entry(JsonLines.line(converted.records().get(0))).examples().get(0);
        assertEquals(JsonLines.line(before), JsonLines.line(after));
        assertEquals(3L, converted.records().get(0).get("id"));
    }

    @Test
    void whatGoesAlongAndWhatDoesNotIsSaid() throws IOException {
        assertEquals(
                List.of("a conversation that does not end with a question of the user and an answer"),
                convert(TOOLS, DataFormat.ALPACA).lost());
        String chat =
                "{\"messages\": [{\"role\": \"system\", \"content\": \"s\"}, {\"role\": \"user\", \"content\": \"q\"},"
                        + " {\"role\": \"assistant\", \"content\": \"a\"}], \"note\": \"n\", \"label\": 3}";
        Conversion.Converted alpaca = convert(chat, DataFormat.ALPACA);
        assertEquals(List.of("column 'label'"), alpaca.lost());
        assertEquals(
                "{\"instruction\":\"q\",\"input\":\"\",\"output\":\"a\",\"system\":\"s\",\"note\":\"n\"}",
                JsonLines.line(alpaca.records().get(0)));
        assertEquals(
                List.of("which part is the answer"),
                convert("{\"prompt\": \"a\", \"completion\": \"b\"}", DataFormat.TEXT)
                        .lost());
        assertEquals(List.of(), convert("{\"text\": \"a\"}", DataFormat.CHAT).records());
    }

    @Test
    void aPreferencePairBecomesTwoLabelledAnswers() throws IOException {
        String pair = "{\"prompt\": \"q\", \"chosen\": \"good\", \"rejected\": \"bad\"}";
        Conversion.Converted converted = convert(pair, DataFormat.LABELLED);
        assertEquals(List.of(), converted.lost());
        assertEquals(
                List.of(true, false),
                converted.records().stream().map(r -> r.get("label")).toList());
        assertEquals(
                List.of("the answer that is not preferred"),
                convert(pair, DataFormat.CHAT).lost());
        assertThrows(BadInputException.class, () -> new Conversion(DataFormat.TOKENS));
    }

    @Test
    void halfACharacterIsWrittenAsAnEscape() throws IOException {
        Conversion.Converted converted = convert(
                "{\"prompt\": \"a\", \"completion\": \"é\", \"note\": \"\\ud800b\"}", DataFormat.PROMPT_COMPLETION);
        String line = JsonLines.line(converted.records().get(0));
        assertTrue(line.contains("\\uD800"), line);
        assertEquals(converted.records().get(0), entry(line).fields());
    }

    @Test
    void whatIsWrittenWithoutLossReadsAsTheSameExamples() throws IOException {
        try (Stream<Path> files = Files.walk(ReferenceData.require("datasets"))) {
            for (Path file : files.filter(
                            f -> f.toString().matches(".*(jsonl|json|csv)") && !f.endsWith("dataset_info.json"))
                    .toList()) {
                DataRecords.read(List.of(file), Dataset.Options.defaults().withSkipBadLines(true), this::roundTrips);
            }
        }
    }

    private void roundTrips(DataRecords.Entry entry) {
        for (DataFormat target : Conversion.TARGETS) {
            List<Conversion.Converted> all = new Conversion(target).convert(entry);
            for (int i = 0; i < all.size(); i++) {
                if (all.get(i).lost().isEmpty()) {
                    for (Map<String, Object> record : all.get(i).records()) {
                        Example written = read(record, entry.source() + " as " + target);
                        boolean same =
                                written.getClass() == entry.examples().get(i).getClass();
                        assertEquals(
                                same ? JsonLines.line(entry.examples().get(i)) : JsonLines.line(written),
                                JsonLines.line(written),
                                entry.source() + " as " + target);
                    }
                }
            }
        }
    }

    private static Example read(Map<String, Object> record, String source) {
        try {
            return RecordReader.read(record, null, ColumnMap.NONE, source).get(0);
        } catch (RecordFault e) {
            throw new AssertionError(source + ": " + e.getMessage() + " in " + record, e);
        }
    }
}
