package dev.chaku.data;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.chaku.ScratchInput;
import dev.chaku.data.doctor.DataDoctor;
import dev.chaku.data.doctor.HtmlReport;
import dev.chaku.errors.BadInputException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * Data files of any bytes: what is wrong is a BadInputException, and what is read can be checked, written and read
 * again.
 */
class DataFuzzTest {
    private static final Dataset.Options WHAT_CAN_BE =
            Dataset.Options.defaults().withSkipBadLines(true);

    @FuzzTest
    void json(byte[] bytes) {
        try (ScratchInput file = ScratchInput.of(bytes, ".jsonl")) {
            read(file.path());
        }
    }

    @FuzzTest
    void table(byte[] bytes) {
        try (ScratchInput file = ScratchInput.of(bytes, ".csv")) {
            read(file.path());
        }
    }

    private static void read(Path file) {
        try {
            Dataset.read(file);
        } catch (BadInputException e) {
            assertEquals(1, e.getMessage().lines().count(), e.getMessage());
        }
        try {
            Dataset data = Dataset.read(List.of(file), WHAT_CAN_BE);
            HtmlReport.render(DataDoctor.check(new DataDoctor.Request(data, data, null, null, 64)), "fuzz");
            DataRecords.read(List.of(file), WHAT_CAN_BE, DataFuzzTest::convert);
        } catch (BadInputException e) {
            // Nothing in it can be read.
        }
    }

    private static void convert(DataRecords.Entry entry) {
        for (Example example : entry.examples()) {
            assertEquals(JsonLines.line(example), JsonLines.line(again(JsonLines.record(example))));
        }
        for (DataFormat target : Conversion.TARGETS) {
            for (Conversion.Converted converted : new Conversion(target).convert(entry)) {
                converted.records().forEach(JsonLines::line);
            }
        }
    }

    private static Example again(Map<String, Object> record) {
        byte[] line = JsonLines.line(record).getBytes(StandardCharsets.UTF_8);
        try (ScratchInput file = ScratchInput.of(line, ".jsonl")) {
            return Dataset.read(file.path()).examples().get(0);
        }
    }
}
