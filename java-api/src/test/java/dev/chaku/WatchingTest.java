package dev.chaku;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.ChakuException;
import dev.chaku.internal.arch.FormatMix;
import dev.chaku.train.TensorBoard;
import dev.chaku.train.TrainingProgress;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Flow;
import java.util.stream.Stream;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.framework.Summary;
import org.tensorflow.util.Event;
import org.tensorflow.util.SessionLog;

/** Who watches a training: TensorBoard, Java Flight Recorder, subscribers. */
class WatchingTest {
    private static final int STEPS = 6;

    @TempDir
    Path folder;

    private Model model;
    private final List<TrainingProgress> told = new CopyOnWriteArrayList<>();

    @BeforeEach
    void open() {
        model = Model.open(TinyModel.write(folder.resolve("base.gguf"), TinyModel.llama(), FormatMix.Q8_0, 1));
    }

    @AfterEach
    void close() {
        model.close();
    }

    private Trainer trainer(String out) {
        return Trainer.on(model)
                .lora(TinyTraining.lora())
                .config(TinyTraining.config()
                        .with(c -> c.epochs(100).maxSteps(STEPS).evalSteps(3).saveSteps(2)))
                .examples(TinyTraining.counting(24, 7))
                .evalExamples(TinyTraining.counting(4, 9))
                .output(folder.resolve(out))
                .onProgress(told::add);
    }

    /** Records of a file as TensorFlow's own messages have them; their checksums are those that it would compute. */
    private static List<Event> events(Path file) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        List<Event> events = new ArrayList<>();
        while (bytes.hasRemaining()) {
            byte[] message = new byte[(int) bytes.getLong()];
            assertEquals(masked(bytes.array(), bytes.position() - 8, 8), bytes.getInt());
            bytes.get(message);
            assertEquals(masked(message, 0, message.length), bytes.getInt());
            events.add(Event.parseFrom(message));
        }
        return events;
    }

    /** CRC-32C bit by bit. */
    private static int masked(byte[] bytes, int from, int length) {
        int crc = -1;
        for (int i = 0; i < length; i++) {
            crc ^= bytes[from + i] & 0xff;
            for (int bit = 0; bit < 8; bit++) {
                crc = (crc & 1) != 0 ? crc >>> 1 ^ 0x82f63b78 : crc >>> 1;
            }
        }
        crc = ~crc;
        return (crc >>> 15 | crc << 17) + 0xa282ead8;
    }

    private static List<Path> files(Path board) throws IOException {
        try (Stream<Path> files = Files.list(board)) {
            return files.sorted().toList();
        }
    }

    private static float value(Event event, String tag) {
        return event.getSummary().getValueList().stream()
                .filter(value -> value.getTag().equals(tag))
                .map(Summary.Value::getSimpleValue)
                .findFirst()
                .orElse(Float.NaN);
    }

    @Test
    void tensorFlowReadsTheCurves() throws IOException {
        Path board = folder.resolve("boards/one");
        try (TensorBoard curves = TensorBoard.in(board);
                TrainingRun run = trainer("out").onProgress(curves).start()) {
            run.awaitFile();
        }
        List<Event> events = events(files(board).get(0));
        assertTrue(files(board).get(0).getFileName().toString().startsWith("events.out.tfevents."));
        assertEquals("brain.Event:2", events.get(0).getFileVersion());
        assertEquals(STEPS + 1, events.size());
        for (int i = 0; i < STEPS; i++) {
            Event event = events.get(i + 1);
            TrainingProgress progress = told.get(i);
            assertEquals(progress.step(), event.getStep());
            assertEquals((float) progress.loss(), value(event, "train/loss"));
            assertEquals((float) progress.learningRate(), value(event, "train/learning_rate"));
            assertEquals(
                    progress.evaluated() ? (float) progress.evalLoss().orElseThrow() : Float.NaN,
                    value(event, "eval/loss"));
        }
    }

    /** A run that goes on has a file of its own, which says from where on it counts. */
    @Test
    void stepsThatAreDoneAgainReplaceThoseBefore() throws IOException {
        Path board = folder.resolve("boards");
        try (TensorBoard curves = TensorBoard.in(board);
                TrainingRun run = trainer("out").onProgress(curves).start()) {
            run.awaitFile();
        }
        try (TensorBoard later = TensorBoard.in(board)) {
            told.subList(3, STEPS).forEach(later);
        }
        List<Event> events = events(files(board).get(1));
        assertEquals(
                SessionLog.SessionStatus.START, events.get(1).getSessionLog().getStatus());
        assertEquals(4, events.get(1).getStep());
        assertEquals(5, events.size());
    }

    @Test
    void curvesThatCannotBeWrittenEndNoTraining() throws IOException {
        TensorBoard curves = TensorBoard.in(Files.writeString(folder.resolve("file"), "x"));
        try (TrainingRun run = trainer("out").onProgress(curves).start()) {
            assertTrue(Files.exists(run.awaitFile()));
        }
        assertTrue(
                assertThrows(ChakuException.class, curves::close).getMessage().contains("file"));
    }

    @Test
    void flightRecorderHasStepsValidationsAndCheckpoints() throws IOException {
        Path file = folder.resolve("run.jfr");
        try (Recording recording = new Recording();
                TrainingRun run = startIn(recording)) {
            run.awaitFile();
            recording.stop();
            recording.dump(file);
        }
        List<RecordedEvent> events = RecordingFile.readAllEvents(file).stream()
                .filter(event -> event.getEventType().getName().startsWith("dev.chaku."))
                .toList();
        List<RecordedEvent> steps = named(events, "TrainingStep");
        assertEquals(STEPS, steps.size());
        for (int i = 0; i < STEPS; i++) {
            assertEquals(told.get(i).loss(), steps.get(i).getDouble("loss"));
            assertTrue(steps.get(i).getDuration().toNanos() > 0);
        }
        assertEquals(2, named(events, "TrainingEvaluation").size());
        assertEquals(3, named(events, "TrainingCheckpoint").size());
    }

    private TrainingRun startIn(Recording recording) {
        recording.start();
        return trainer("out").start();
    }

    private static List<RecordedEvent> named(List<RecordedEvent> events, String name) {
        return events.stream()
                .filter(event -> event.getEventType().getName().equals("dev.chaku." + name))
                .sorted((a, b) -> a.getInt("step") - b.getInt("step"))
                .toList();
    }

    /** A subscriber hears of each step and of the end. */
    @Test
    void subscribersHearOfEachStepAndOfTheEnd() {
        List<Integer> steps = new CopyOnWriteArrayList<>();
        CompletableFuture<Void> end = new CompletableFuture<>();
        CompletableFuture<TrainingRun> begun = new CompletableFuture<>();
        Trainer trainer =
                trainer("out").onProgress(progress -> begun.join()); // the first step waits for the subscriber
        try (TrainingRun run = trainer.start()) {
            run.progress().subscribe(new Flow.Subscriber<>() {
                @Override
                public void onSubscribe(Flow.Subscription subscription) {
                    subscription.request(Long.MAX_VALUE);
                    begun.complete(run);
                }

                @Override
                public void onNext(TrainingProgress progress) {
                    steps.add(progress.step());
                }

                @Override
                public void onError(Throwable failure) {
                    end.completeExceptionally(failure);
                }

                @Override
                public void onComplete() {
                    end.complete(null);
                }
            });
            end.join();
        }
        assertEquals(List.of(1, 2, 3, 4, 5, 6), steps);
    }
}
