package dev.chaku.internal.huggingface;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RowOrderTest {
    /** 6 heads, of which 3 share a key head, of 4 dimensions; delta rule of 2 key heads of 2, 4 value heads of 3. */
    private static final RowOrder.Sizes SIZES = new RowOrder.Sizes(6, 2, 4, 2, 4, 2, 3);

    private static List<Long> rows(RowOrder order, long count) {
        return LongStream.range(0, count)
                .map(row -> order.huggingFaceRow(row, count, SIZES))
                .boxed()
                .toList();
    }

    /** Together, the orders of a tensor take each of its rows once. */
    @ParameterizedTest
    @CsvSource({
        "AS_IS,,7",
        "HALVES,,24",
        "GROUPS,,40",
        "EVEN,ODD,5",
        "FIRST_HALF,SECOND_HALF,5",
        "TILED_VALUES,,12",
        "TILED_HEADS,,4",
        "TILED_CHANNELS,,20"
    })
    void noRowIsLost(RowOrder one, RowOrder other, int count) {
        List<Long> all = new ArrayList<>(rows(one, count));
        if (other != null) {
            all.addAll(rows(other, count));
        }
        assertEquals(all.size(), one.huggingFaceRows(count, SIZES));
        assertEquals(
                LongStream.range(0, all.size()).boxed().toList(),
                all.stream().sorted().toList());
    }

    @Test
    void theDeltaRuleTakesAllRows() {
        List<Long> all = new ArrayList<>(rows(RowOrder.DELTA_CHANNELS, 20));
        all.addAll(rows(RowOrder.DELTA_GATES, 12));
        assertEquals(32, RowOrder.DELTA_GATES.huggingFaceRows(12, SIZES));
        assertEquals(
                LongStream.range(0, 32).boxed().toList(), all.stream().sorted().toList());
        // Of each key head: 2 of queries, 2 of keys, 6 of values, 6 of gates.
        assertEquals(List.of(0L, 1L, 16L, 17L, 2L, 3L, 18L, 19L), rows(RowOrder.DELTA_CHANNELS, 8));
        assertEquals(10, RowOrder.DELTA_GATES.huggingFaceRow(0, 12, SIZES));
        assertEquals(26, RowOrder.DELTA_GATES.huggingFaceRow(6, 12, SIZES));
    }

    @Test
    void halvesFollowEachOther() {
        assertEquals(List.of(3L, 4L, 5L), rows(RowOrder.SECOND_HALF, 3));
    }

    @Test
    void headsMoveAsTheirNamesSay() {
        assertEquals(List.of(0L, 2L, 1L, 3L, 4L, 6L), rows(RowOrder.HALVES, 6));
        long[] firstOfHeads = LongStream.range(0, 10)
                .map(head -> RowOrder.GROUPS.huggingFaceRow(4 * head, 40, SIZES) / 4)
                .toArray();
        assertArrayEquals(new long[] {0, 1, 2, 5, 6, 7, 3, 8, 4, 9}, firstOfHeads);
        assertEquals(List.of(0L, 2L, 1L, 3L), rows(RowOrder.TILED_HEADS, 4));
    }
}
