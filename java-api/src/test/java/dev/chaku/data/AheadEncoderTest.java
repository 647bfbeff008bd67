package dev.chaku.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import dev.chaku.errors.OperationCancelledException;
import dev.chaku.text.BpeTrainer;
import dev.chaku.text.Tokenizer;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class AheadEncoderTest {
    private static final Tokenizer TOKENIZER = new BpeTrainer(300)
            .bos("<s>")
            .eos("<e>")
            .train(List.of("hello there, hello you"))
            .tokenizer();

    private static ExampleEncoder encoder() {
        return new ExampleEncoder(TOKENIZER, null, new ExampleEncoder.Options(30, OverLong.SPLIT, false));
    }

    private static List<Example> examples(int n) {
        return IntStream.range(0, n)
                .mapToObj(i -> (Example) new Example.Text("f:" + (i + 1), "hello " + "you ".repeat(i % 40) + i))
                .toList();
    }

    @Test
    void givesTheSameInTheSameOrderWithTheSameCounts() {
        List<Example> examples = examples(3000);
        ExampleEncoder plain = encoder();
        List<EncodedExample> expected = plain.encode(examples);
        ExampleEncoder ahead = encoder();
        List<EncodedExample> found = new ArrayList<>();
        ahead.encodeAhead(examples, found::add);
        assertEquals(expected.size(), found.size());
        for (int i = 0; i < found.size(); i++) {
            assertArrayEquals(expected.get(i).tokens(), found.get(i).tokens());
            assertArrayEquals(expected.get(i).weights(), found.get(i).weights());
        }
        assertTrue(plain.counts().split() > 0);
        assertEquals(plain.counts().split(), ahead.counts().split());
    }

    @Test
    void theFirstErrorInOrderNamesItsRecord() {
        List<Example> examples = new ArrayList<>(examples(2000));
        for (int bad : new int[] {1999, 900, 901}) {
            examples.set(bad, new Example.Tokens("f:" + (bad + 1), List.of(1, 999_999), List.of(1f, 1f)));
        }
        List<EncodedExample> taken = new ArrayList<>();
        String message = assertThrows(BadInputException.class, () -> encoder().encodeAhead(examples, taken::add))
                .getMessage();
        assertTrue(message.startsWith("f:901: expected token ids below"), message);
        assertTrue(taken.size() >= 800, "what stood well before it was given: " + taken.size());
    }

    /** While nobody takes, no more than the bounded number of examples is read. */
    @Test
    void runsAheadNoFurtherThanItsBound() {
        AtomicInteger read = new AtomicInteger();
        List<Example> all = examples(20_000);
        List<Example> counted = new AbstractList<>() {
            @Override
            public Example get(int i) {
                read.incrementAndGet();
                return all.get(i);
            }

            @Override
            public int size() {
                return all.size();
            }
        };
        int bound = 64 * (2 * 8 + 1);
        AtomicInteger taken = new AtomicInteger();
        encoder().encodeAhead(counted, encoded -> {
            int soFar = taken.incrementAndGet();
            assertTrue(read.get() <= soFar + bound, read.get() + " read, " + soFar + " taken");
        });
        assertEquals(20_000, read.get());
    }

    @Test
    void anInterruptEndsIt() {
        Thread.currentThread().interrupt();
        assertThrows(OperationCancelledException.class, () -> encoder().encodeAhead(examples(1000), unused -> {}));
        assertTrue(Thread.interrupted());
    }
}
