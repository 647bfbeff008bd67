package dev.chaku.internal.train;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SnapshotsTest {
    private static List<Integer> due(int times, int totalSteps) {
        Snapshots snapshots = new Snapshots(times, (progress, file) -> {});
        return IntStream.rangeClosed(1, totalSteps)
                .filter(step -> snapshots.isDue(step, totalSteps))
                .boxed()
                .toList();
    }

    @Test
    void liesBetweenBeginningAndEnd() {
        assertEquals(List.of(25, 50, 75), due(3, 100));
        assertEquals(List.of(2), due(1, 3));
        assertEquals(List.of(1), due(5, 2), "no more than there are steps");
        assertEquals(List.of(), due(3, 1));
        assertEquals(List.of(), due(0, 100));
    }
}
