package dev.chaku;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BusyException;
import dev.chaku.generate.FinishReason;
import dev.chaku.generate.Generation;
import dev.chaku.internal.arch.FormatMix;
import dev.chaku.internal.engine.EnginePool;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Who is computed when, and how texts end. */
@Timeout(60)
class SchedulingTest {
    private static final int RUNNING = 64;
    private static final int QUEUED = 1024;

    @TempDir
    Path folder;

    private Model model;

    @BeforeEach
    void open() {
        model = Model.open(TinyModel.write(folder.resolve("m.gguf"), TinyModel.llama(), FormatMix.F32, 1));
    }

    @AfterEach
    void nothingIsLeft() {
        model.loaded().scheduler().forget();
        EnginePool.Counts counts = model.loaded().scheduler().counts();
        assertEquals(counts.blocks(), counts.freeBlocks());
        model.close();
    }

    private Generator text(int n) {
        return model.generator().tokens(5, 6, 7).endless(true).maxTokens(n);
    }

    @Test
    void aStreamGivesThePiecesAndTheWhole() {
        String expected = text(40).generate().text();
        StringBuilder pieces = new StringBuilder();
        try (GenerationStream stream = text(40).stream()) {
            stream.forEach(pieces::append);
            assertEquals(expected, pieces.toString());
            assertEquals(expected, stream.result().text());
            assertThrows(IllegalStateException.class, stream::iterator);
        }
        try (GenerationStream stream = text(200).stream()) {
            assertEquals(200, stream.result().tokens().length, "a result alone takes the pieces");
        }
    }

    @Test
    void closingAStreamEndsTheText() {
        GenerationStream stream = text(500).stream();
        assertNotNull(stream.iterator().next());
        stream.close();
        Generation generation = stream.result();
        assertEquals(FinishReason.CANCELLED, generation.finishReason());
        assertTrue(generation.tokens().length < 500);
    }

    @Test
    void publishesToASubscriberAsManyAsItAsksFor() throws Exception {
        String expected = text(20).generate().text();
        StringBuilder pieces = new StringBuilder();
        CountDownLatch complete = new CountDownLatch(1);
        text(20).stream().subscribe(new Flow.Subscriber<>() {
            private Flow.Subscription subscription;

            @Override
            public void onSubscribe(Flow.Subscription one) {
                subscription = one;
                one.request(1);
            }

            @Override
            public void onNext(String piece) {
                pieces.append(piece);
                subscription.request(1);
            }

            @Override
            public void onError(Throwable failure) {}

            @Override
            public void onComplete() {
                complete.countDown();
            }
        });
        assertTrue(complete.await(30, TimeUnit.SECONDS));
        assertEquals(expected, pieces.toString());
    }

    @Test
    void aListenerThatFailsFailsTheFuture() {
        CompletableFuture<Generation> future = text(300)
                .onText(piece -> {
                    throw new UnsupportedOperationException("no");
                })
                .generateAsync();
        CompletionException e = assertThrows(CompletionException.class, future::join);
        assertTrue(e.getCause() instanceof UnsupportedOperationException);
        assertEquals(5, text(5).generate().tokens().length);
    }

    @Test
    void aCancelledFutureEndsItsTextAndNoOther() {
        CompletableFuture<Generation> other = text(300).generateAsync();
        CompletableFuture<Generation> future = text(300).generateAsync();
        future.cancel(true);
        assertEquals(300, other.join().tokens().length);
    }

    @Test
    void promptsThatEndHalfwayLeaveTheOthersAsTheyAre() {
        Random random = new Random(5);
        CompletableFuture<Generation> running = text(400).generateAsync();
        int[] expected = text(400).generate().tokens();
        List<CompletableFuture<Generation>> kept = new ArrayList<>();
        List<int[]> prompts = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            int[] prompt =
                    random.ints(100 + random.nextInt(100), 0, model.vocabSize()).toArray();
            CompletableFuture<Generation> one =
                    model.generator().tokens(prompt).endless(true).maxTokens(3).generateAsync();
            if (i % 2 == 0) {
                prompts.add(prompt);
                kept.add(one);
            } else {
                Thread.onSpinWait();
                one.cancel(true);
            }
        }
        assertArrayEquals(expected, running.join().tokens());
        for (int i = 0; i < kept.size(); i++) {
            int[] alone = model.generator()
                    .tokens(prompts.get(i))
                    .endless(true)
                    .maxTokens(3)
                    .generate()
                    .tokens();
            assertArrayEquals(alone, kept.get(i).join().tokens());
        }
    }

    @Test
    void aTimeLimitEndsTheText() throws Exception {
        Generation generation;
        try (GenerationStream stream = text(400).timeLimit(Duration.ofMillis(300)).stream()) {
            Thread.sleep(600); // nobody reads: the text waits for its reader
            generation = stream.result();
        }
        assertEquals(FinishReason.DEADLINE, generation.finishReason());
        assertTrue(generation.tokens().length > 0 && generation.tokens().length < 400);
    }

    @Test
    void tooManyAreRefused() {
        List<GenerationStream> held = new ArrayList<>();
        for (int i = 0; i < RUNNING + QUEUED; i++) {
            held.add(text(500).stream()); // held up by their readers
        }
        BusyException e = assertThrows(BusyException.class, () -> text(1).stream());
        assertTrue(e.getMessage().contains("1024"), e.getMessage());
        assertTrue(e.retryAfter().toSeconds() >= 1);
        held.forEach(GenerationStream::close);
        held.forEach(GenerationStream::result);
        assertEquals(1, text(1).generate().tokens().length);
    }

    @Test
    void higherPrioritiesBeginFirst() {
        List<GenerationStream> held = new ArrayList<>();
        for (int i = 0; i < RUNNING; i++) {
            held.add(text(500).stream());
        }
        List<String> begun = Collections.synchronizedList(new ArrayList<>());
        List<CompletableFuture<Generation>> waiting = new ArrayList<>();
        for (String name : List.of("low", "high", "low", "high")) {
            waiting.add(text(30).priority(name.equals("high") ? 1 : 0)
                    .generateAsync(Runnable::run) // pool threads would tell in an order of their own
                    .whenComplete((generation, failure) -> begun.add(name)));
        }
        held.get(0).close(); // one place
        waiting.forEach(CompletableFuture::join);
        assertEquals(List.of("high", "high", "low", "low"), begun);
        held.forEach(GenerationStream::close);
        held.forEach(GenerationStream::result);
    }

    @Test
    void sharesTakeTurns() {
        List<GenerationStream> held = new ArrayList<>();
        for (int i = 0; i < RUNNING; i++) {
            held.add(text(500).stream());
        }
        List<String> ended = Collections.synchronizedList(new ArrayList<>());
        List<CompletableFuture<Generation>> waiting = new ArrayList<>();
        for (String name : List.of("a", "a", "a", "b")) {
            waiting.add(
                    text(30).share(name).generateAsync(Runnable::run).whenComplete((g, failure) -> ended.add(name)));
        }
        held.get(0).close();
        waiting.forEach(CompletableFuture::join);
        assertTrue(ended.indexOf("b") <= 1, ended.toString());
        held.forEach(GenerationStream::close);
        held.forEach(GenerationStream::result);
    }

    @Test
    void closingTheModelEndsItsTexts() {
        GenerationStream stream = text(500).stream();
        assertNotNull(stream.iterator().next());
        model.close();
        IllegalStateException e = assertThrows(IllegalStateException.class, stream::result);
        assertTrue(e.getMessage().contains("closed"), e.getMessage());
        assertThrows(IllegalStateException.class, () -> text(1).generate());
    }

    @Test
    void timesAreTold() {
        Generation generation = text(5).generate();
        Duration queued = generation.times().queued();
        Duration first = generation.times().firstToken();
        assertTrue(!queued.isNegative() && queued.compareTo(first) <= 0);
        assertTrue(first.compareTo(generation.times().total()) <= 0);
    }
}
