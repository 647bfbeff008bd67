package dev.chaku.train;

import dev.chaku.errors.ResourceException;
import dev.chaku.internal.io.EventFile;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Curves of a training for TensorBoard: a listener that adds what each step measured to a file of events in a folder.
 * The names are those of {@code log.jsonl}: {@code train/loss}, {@code train/learning_rate}, {@code eval/loss} and
 * others.
 *
 * <pre>{@code
 * try (TensorBoard board = TensorBoard.in(Path.of("boards/run-1"));
 *         TrainingRun run = trainer.start()) {
 *     run.onProgress(board).awaitFile();
 * }
 * }</pre>
 *
 * <p>Each object writes a file of its own, so that a run that goes on after a checkpoint, or two at once, disturb no
 * other; steps that are done again take the place of those that were done before. Not thread-safe: the training calls
 * it. Source: the records of TFRecord files and the messages {@code Event} and {@code Summary} of TensorFlow.
 */
public final class TensorBoard implements Consumer<TrainingProgress>, AutoCloseable {
    private final Path folder;
    private @Nullable EventFile file;
    private @Nullable ResourceException failure;

    private TensorBoard(Path folder) {
        this.folder = folder;
    }

    /**
     * {@return curves in a folder; it and the file are made at the first step}
     *
     * @param folder what TensorBoard is given as {@code --logdir}, or a folder within it
     */
    public static TensorBoard in(Path folder) {
        return new TensorBoard(Objects.requireNonNull(folder, "folder"));
    }

    /**
     * Adds a step's measures.
     *
     * @param progress where the training stands
     * @throws ResourceException if they cannot be written; nothing more is then
     */
    @Override
    public void accept(TrainingProgress progress) {
        if (failure != null) {
            return;
        }
        try {
            if (file == null) {
                file = EventFile.create(folder, progress.step());
            }
            Map<String, Double> values = new LinkedHashMap<>();
            progress.numbers()
                    .forEach((name, value) -> values.put(
                            name.startsWith("eval_") ? "eval/" + name.substring(5) : "train/" + name, value));
            file.append(progress.step(), values);
        } catch (ResourceException e) {
            failure = e;
            throw e;
        }
    }

    /**
     * Ends the file; may be repeated.
     *
     * @throws ResourceException if something could not be written
     */
    @Override
    public void close() {
        if (failure != null) {
            throw failure;
        }
    }
}
