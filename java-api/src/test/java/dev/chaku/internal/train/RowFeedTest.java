package dev.chaku.internal.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.TinyTraining;
import dev.chaku.data.EncodedExamples;
import dev.chaku.data.PackedRows;
import dev.chaku.data.Packer;
import dev.chaku.errors.OperationCancelledException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class RowFeedTest {
    private static final Packer PACKER = new Packer(48, true, 3);

    @TempDir
    private Path folder;

    private EncodedExamples examples(long inMemoryBytes) {
        EncodedExamples.Builder builder = EncodedExamples.builder(inMemoryBytes, folder);
        TinyTraining.counting(40, 2).forEach(builder::add);
        return builder.build();
    }

    @Test
    void feedsEpochAfterEpochFromAnyPosition() {
        EncodedExamples examples = examples(0);
        int perEpoch = PACKER.epoch(examples, 0).size();
        for (int skip : new int[] {0, 3, perEpoch - 1}) {
            try (RowFeed feed = new RowFeed(PACKER, examples, 1, skip)) {
                for (int epoch = 1; epoch < 4; epoch++) {
                    PackedRows rows = PACKER.epoch(examples(Long.MAX_VALUE), epoch);
                    for (int i = epoch == 1 ? skip : 0; i < perEpoch; i++) {
                        assertArrayEquals(rows.get(i).tokens(), feed.next().tokens());
                    }
                }
            }
        }
    }

    @Test
    void passesOnWhatFails() {
        try (RowFeed feed = new RowFeed(new Packer(4, true, 3), examples(0), 0, 0)) {
            String message =
                    assertThrows(IllegalArgumentException.class, feed::next).getMessage();
            assertTrue(message.startsWith("expected sequences of at most 4 tokens"), message);
        }
    }

    @Test
    void endsItsThreadAndHeedsInterrupts() throws InterruptedException {
        RowFeed feed = new RowFeed(PACKER, examples(0), 0, 0);
        feed.next();
        feed.close();
        feed.close();
        for (Thread thread : Thread.getAllStackTraces().keySet()) {
            if (thread.getName().equals("chaku-rows")) {
                thread.join();
            }
        }
        Thread.currentThread().interrupt();
        RowFeed other = new RowFeed(PACKER, examples(0), 0, 0);
        assertThrows(OperationCancelledException.class, other::next);
        assertTrue(Thread.interrupted());
        other.close();
    }
}
