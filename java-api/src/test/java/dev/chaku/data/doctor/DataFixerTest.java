package dev.chaku.data.doctor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.data.Dataset;
import dev.chaku.errors.BadInputException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataFixerTest {
    @TempDir
    Path folder;

    @Test
    void writesACopyWithoutTheDefectsThatNeedNoJudgement() throws URISyntaxException {
        Dataset data = Dataset.read(
                Path.of(DataFixerTest.class.getResource("defects.jsonl").toURI()));
        Path file = folder.resolve("fixed.jsonl");
        assertEquals(new DataFixer.Result(11, 1, 2, 1), DataFixer.fix(data, file));
        Dataset fixed = Dataset.read(file);
        List<String> ids = DataDoctor.check(new DataDoctor.Request(fixed, null, null, null, 4096)).findings().stream()
                .map(Finding::id)
                .toList();
        for (String gone : List.of("duplicate", "empty-answer", "missing-user", "suspicious-characters")) {
            assertTrue(!ids.contains(gone), ids.toString());
        }
        assertEquals(new DataFixer.Result(11, 0, 0, 0), DataFixer.fix(fixed, folder.resolve("again.jsonl")));
        assertThrows(BadInputException.class, () -> DataFixer.fix(data, file));
    }
}
