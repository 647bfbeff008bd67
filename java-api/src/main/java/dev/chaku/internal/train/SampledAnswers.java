package dev.chaku.internal.train;

import dev.chaku.errors.OperationCancelledException;
import dev.chaku.internal.engine.EngineTrainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;

/**
 * Answers to some questions of the validation, at each of them, by the adapter as it is then. They only tell: what
 * fails here ends nothing.
 *
 * @param asker gives the means of the metrics of its answers, by their names
 */
public record SampledAnswers(Asker asker) {
    private static final System.Logger LOG = System.getLogger(SampledAnswers.class.getName());

    /** Whoever asks. */
    public interface Asker {
        /**
         * Asks an adapter.
         *
         * @param adapter its file, which is deleted afterwards
         * @param answers the file that its answers are written to, as lines of JSON
         * @param beforeEach run between the questions; what it throws ends them
         */
        Map<String, Double> ask(Path adapter, Path answers, Runnable beforeEach);
    }

    /** Nothing is asked. */
    public static final SampledAnswers NONE = new SampledAnswers((adapter, answers, beforeEach) -> Map.of());

    /** What was measured; nothing if it failed. */
    Map<String, Double> measure(
            int step,
            EngineTrainer core,
            Trainable trainable,
            RunDescription run,
            OutputFolder folder,
            Runnable beforeEach) {
        if (this == NONE) {
            return Map.of();
        }
        Path file = folder.resolve("." + trainable.fileName() + "." + UUID.randomUUID() + ".tmp");
        try {
            trainable.write(core, run, file);
            return asker.ask(file, folder.resolve(String.format(Locale.ROOT, "answers-%08d.jsonl", step)), beforeEach);
        } catch (OperationCancelledException e) {
            throw e;
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.WARNING, "step " + step + " answered nothing: " + e.getMessage());
            return Map.of();
        } finally {
            try {
                Files.deleteIfExists(file);
            } catch (IOException e) {
                // The next run that takes the folder removes it.
            }
        }
    }
}
