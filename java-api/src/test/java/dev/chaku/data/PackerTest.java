package dev.chaku.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PackerTest {
    private static EncodedExample example(int length, int first) {
        float[] weights = new float[length];
        Arrays.fill(weights, 0, length - 1, 1);
        return new EncodedExample(IntStream.range(first, first + length).toArray(), weights);
    }

    @Test
    void aRowHoldsWholeSequencesAndNothingIsLearnedAcrossTheirSeam() {
        PackedRow row = new Packer(10, true, 1)
                .pack(List.of(example(3, 100), example(4, 200)))
                .get(0);
        assertArrayEquals(new int[] {200, 201, 202, 203, 100, 101, 102}, row.tokens());
        assertArrayEquals(new int[] {201, 202, 203, 0, 101, 102, 0}, row.targets());
        assertArrayEquals(new float[] {1, 1, 1, 0, 1, 1, 0}, row.weights());
        assertArrayEquals(new int[] {0, 4, 7}, row.starts());
    }

    @Test
    void everySequenceStandsInOneRowAndNoRowIsTooLong() {
        Random random = new Random(3);
        List<EncodedExample> examples = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            examples.add(example(2 + random.nextInt(63), i * 1000));
        }
        List<PackedRow> rows = new Packer(64, true, 7).epoch(examples, 0);
        List<Integer> firsts = new ArrayList<>();
        for (PackedRow row : rows) {
            assertTrue(row.length() <= 64);
            for (int s = 0; s + 1 < row.starts().length; s++) {
                firsts.add(row.tokens()[row.starts()[s]]);
            }
        }
        firsts.sort(null);
        assertEquals(IntStream.range(0, 500).mapToObj(i -> i * 1000).toList(), firsts);
        int tokens = examples.stream().mapToInt(EncodedExample::length).sum();
        assertTrue(rows.size() <= tokens / 64 * 1.05 + 1, rows.size() + " rows for " + tokens + " tokens");
    }

    @Test
    void theSameSeedAndEpochGiveTheSameRowsAndAnotherEpochOthers() {
        List<EncodedExample> examples = IntStream.range(0, 50)
                .mapToObj(i -> example(5 + i % 7, i * 100))
                .toList();
        Packer packer = new Packer(32, true, 42);
        List<int[]> first =
                packer.epoch(examples, 1).stream().map(PackedRow::tokens).toList();
        List<int[]> again =
                packer.epoch(examples, 1).stream().map(PackedRow::tokens).toList();
        List<int[]> other =
                packer.epoch(examples, 2).stream().map(PackedRow::tokens).toList();
        assertEquals(
                first.stream().map(Arrays::toString).toList(),
                again.stream().map(Arrays::toString).toList());
        assertNotEquals(
                first.stream().map(Arrays::toString).toList(),
                other.stream().map(Arrays::toString).toList());
        assertEquals(first.size(), other.size());
    }

    @Test
    void unpackedRowsHoldOneSequenceEach() {
        List<PackedRow> rows = new Packer(32, false, 1).pack(List.of(example(3, 0), example(30, 50), example(3, 90)));
        assertEquals(List.of(3, 30, 3), rows.stream().map(PackedRow::length).toList());
    }

    @Test
    void aSequenceLongerThanARowIsRefused() {
        Packer packer = new Packer(8, true, 1);
        assertThrows(IllegalArgumentException.class, () -> packer.pack(List.of(example(9, 0))));
    }

    /** The same rows as the algorithm written down plainly, over lists that are sorted and shuffled by the JDK. */
    @Test
    void packsAsThePlainAlgorithmDoes() {
        List<EncodedExample> examples = EncodedExamplesTest.random(400);
        for (int epoch = 0; epoch < 3; epoch++) {
            Random random = new Random(11 * 0x9E3779B97F4A7C15L + epoch);
            List<EncodedExample> order = new ArrayList<>(examples);
            Collections.shuffle(order, random);
            order.sort(Comparator.comparingInt(EncodedExample::length).reversed());
            List<List<EncodedExample>> bins = new ArrayList<>();
            List<Integer> rooms = new ArrayList<>();
            List<Integer> since = new ArrayList<>();
            int time = 0;
            for (EncodedExample example : order) {
                int best = -1;
                for (int bin = 0; bin < bins.size(); bin++) {
                    boolean fits = rooms.get(bin) >= example.length();
                    if (fits
                            && (best < 0
                                    || rooms.get(bin) < rooms.get(best)
                                    || rooms.get(bin).equals(rooms.get(best)) && since.get(bin) < since.get(best))) {
                        best = bin;
                    }
                }
                if (best < 0) {
                    best = bins.size();
                    bins.add(new ArrayList<>());
                    rooms.add(5100);
                    since.add(0);
                }
                bins.get(best).add(example);
                rooms.set(best, rooms.get(best) - example.length());
                since.set(best, time++);
            }
            Collections.shuffle(bins, random);
            List<PackedRow> rows = new Packer(5100, true, 11).epoch(examples, epoch);
            assertEquals(bins.size(), rows.size());
            for (int i = 0; i < rows.size(); i++) {
                assertArrayEquals(
                        PackedRow.of(bins.get(i), new int[bins.get(i).size()]).tokens(),
                        rows.get(i).tokens());
            }
        }
    }

    @Test
    void whatBelongsTogetherLiesInOneRow() {
        List<EncodedExample> examples = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            examples.add(example(3 + i % 7, 10 * i));
        }
        for (boolean packing : new boolean[] {true, false}) {
            Packer packer = new Packer(24, packing, 3, 2);
            List<Integer> seen = new ArrayList<>();
            for (PackedRow row : packer.epoch(examples, 1)) {
                assertEquals(0, row.sequences() % 2);
                assertTrue(packing || row.sequences() == 2);
                for (int s = 0; s < row.sequences(); s++) {
                    int which = row.examples()[s];
                    assertEquals(s % 2, which % 2);
                    assertTrue(s % 2 == 0 || which == row.examples()[s - 1] + 1);
                    assertEquals(examples.get(which).tokens()[0], row.tokens()[row.starts()[s]]);
                    seen.add(which);
                }
            }
            Collections.sort(seen);
            assertEquals(IntStream.range(0, 20).boxed().toList(), seen);
        }
        assertThrows(IllegalArgumentException.class, () -> new Packer(24, true, 3, 3).epoch(examples, 0));
        assertThrows(IllegalArgumentException.class, () -> new Packer(9, true, 3, 2).pack(examples));
    }

    @Test
    void theLongestRowIsKnownWithoutBuildingIt() {
        assertEquals(
                30,
                new Packer(32, false, 1)
                        .pack(List.of(example(3, 0), example(30, 50)))
                        .longest());
        assertEquals(
                7,
                new Packer(10, true, 1)
                        .pack(List.of(example(3, 0), example(4, 50)))
                        .longest());
        assertEquals(0, new Packer(10, true, 1).pack(List.of()).longest());
    }
}
