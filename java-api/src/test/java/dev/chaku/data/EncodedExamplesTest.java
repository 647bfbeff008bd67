package dev.chaku.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EncodedExamplesTest {
    @TempDir
    private Path folder;

    /** Ids of every number of bytes, weights of every kind. */
    static List<EncodedExample> random(int n) {
        Random random = new Random(5);
        List<EncodedExample> examples = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            int length = 2 + random.nextInt(i % 50 == 0 ? 5000 : 60);
            int[] tokens = random.ints(length)
                    .map(id -> id >>> (1 + random.nextInt(31)))
                    .toArray();
            float[] weights = new float[length];
            for (int t = 0; t < length - 1; t++) {
                weights[t] = random.nextInt(4) > 0 && t > 0 ? weights[t - 1] : random.nextInt(3) * random.nextFloat();
            }
            examples.add(new EncodedExample(tokens, weights));
        }
        return examples;
    }

    private EncodedExamples store(List<EncodedExample> examples, long inMemoryBytes) {
        EncodedExamples.Builder builder = EncodedExamples.builder(inMemoryBytes, folder);
        examples.forEach(builder::add);
        return builder.build();
    }

    @Test
    void aFileGivesWhatMemoryGives() {
        List<EncodedExample> examples = random(500);
        EncodedExamples inMemory = store(examples, Long.MAX_VALUE);
        EncodedExamples later = store(examples, 100_000);
        EncodedExamples onDisk = store(examples, 0);
        assertFalse(inMemory.onDisk());
        assertTrue(later.onDisk() && onDisk.onDisk());
        for (EncodedExamples stored : List.of(inMemory, later, onDisk)) {
            assertEquals(500, stored.size());
            for (int i = 499; i >= 0; i--) {
                assertArrayEquals(examples.get(i).tokens(), stored.get(i).tokens());
                assertArrayEquals(examples.get(i).weights(), stored.get(i).weights());
                assertEquals(examples.get(i).length(), stored.length(i));
            }
            assertEquals(inMemory.sha256(), stored.sha256());
            assertEquals(examples.stream().mapToLong(EncodedExample::length).sum(), stored.tokens());
            assertEquals(inMemory.trainedTokens(), stored.trainedTokens());
        }
    }

    @Test
    void theHashTellsExamplesApart() {
        List<EncodedExample> examples = random(20);
        String hash = store(examples, 0).sha256();
        assertNotEquals(hash, store(examples.subList(1, 20), 0).sha256());
        examples.get(7).weights()[0] += 1;
        assertNotEquals(hash, store(examples, 0).sha256());
    }

    @Test
    void rowsAreTheSameFromAFile() {
        List<EncodedExample> examples = random(300);
        EncodedExamples onDisk = store(examples, 0);
        Packer packer = new Packer(6000, true, 9);
        for (int epoch = 0; epoch < 2; epoch++) {
            PackedRows expected = packer.epoch(examples, epoch);
            PackedRows rows = packer.epoch(onDisk, epoch);
            assertEquals(expected.size(), rows.size());
            assertEquals(expected.longest(), rows.longest());
            for (int i = 0; i < rows.size(); i++) {
                assertArrayEquals(expected.get(i).tokens(), rows.get(i).tokens());
                assertArrayEquals(expected.get(i).weights(), rows.get(i).weights());
                assertArrayEquals(expected.get(i).starts(), rows.get(i).starts());
            }
        }
    }
}
