package dev.chaku.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.data.DataSplitter.Size;
import dev.chaku.errors.BadInputException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import org.junit.jupiter.api.Test;

class DataSplitterTest {
    private static DataSplitter splitter(boolean byLabel, int n, IntFunction<Example> example) {
        DataSplitter splitter = new DataSplitter(byLabel);
        for (int i = 0; i < n; i++) {
            splitter.see(new DataRecords.Entry("f:" + i, Map.of(), List.of(example.apply(i)), List.of()));
        }
        return splitter;
    }

    private static Example pair(String prompt, String completion) {
        return new Example.PromptCompletion("f:1", prompt, completion);
    }

    private static long count(int[] parts, int part) {
        return Arrays.stream(parts).filter(p -> p == part).count();
    }

    @Test
    void sizesAreMetAndTheSeedDecides() {
        DataSplitter splitter = splitter(false, 1000, i -> pair("p" + i, "c"));
        List<Size> sizes = List.of(new Size.Share(0.1), new Size.Count(50));
        int[] parts = splitter.split(sizes, 1);
        assertEquals(850, count(parts, 0));
        assertEquals(100, count(parts, 1));
        assertEquals(50, count(parts, 2));
        assertArrayEquals(parts, splitter.split(sizes, 1));
        assertTrue(!Arrays.equals(parts, splitter.split(sizes, 2)));
    }

    @Test
    void everyPartHasItsShareOfEachLabel() {
        DataSplitter splitter = splitter(true, 1000, i -> pair("p" + i, i % 10 == 0 ? "rare" : "often"));
        int[] parts = splitter.split(List.of(new Size.Share(0.2)), 5);
        long rare = 0;
        for (int i = 0; i < 1000; i += 10) {
            rare += parts[i];
        }
        assertEquals(20, rare);
        assertEquals(200, count(parts, 1));
    }

    @Test
    void whatCannotBeSplitIsSaid() {
        assertThrows(BadInputException.class, () -> splitter(false, 10, i -> pair("same", "c"))
                .split(List.of(new Size.Share(0.5)), 1));
        assertThrows(BadInputException.class, () -> splitter(false, 3, i -> pair("p" + i, "c"))
                .split(List.of(new Size.Count(3)), 1));
        assertThrows(BadInputException.class, () -> splitter(true, 60, i -> pair("p" + i, "label " + i)));
        assertThrows(BadInputException.class, () -> splitter(true, 1, i -> new Example.Text("f:1", "text")));
        for (String wrong : List.of("0", "-1", "1.5", "many", "NaN", "1e99")) {
            assertThrows(BadInputException.class, () -> Size.parse("--test", wrong), wrong);
        }
    }
}
