package dev.chaku.internal.train;

import dev.chaku.internal.engine.EngineTrainer;
import dev.chaku.train.TrainingProgress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import java.util.function.BiConsumer;

/**
 * Shows an adapter as it is while it is trained, some times in a run. The file lies beside the run's own while it is
 * looked at; whoever looks holds the run up, and what fails there ends nothing.
 *
 * @param times evenly spread over the steps, the end not among them; 0 for never
 * @param listener is told where the run stands and the adapter's file, which is deleted afterwards
 */
public record Snapshots(int times, BiConsumer<TrainingProgress, Path> listener) {
    private static final System.Logger LOG = System.getLogger(Snapshots.class.getName());

    /** Nobody looks. */
    public static final Snapshots NONE = new Snapshots(0, (progress, file) -> {});

    /** Whether a step is the first past one of the places. */
    boolean isDue(int step, int totalSteps) {
        return times > 0 && step < totalSteps && place(step, totalSteps) > place(step - 1, totalSteps);
    }

    private long place(int step, int totalSteps) {
        return (long) step * (times + 1) / totalSteps;
    }

    void show(
            TrainingProgress progress,
            EngineTrainer core,
            Trainable trainable,
            RunDescription run,
            OutputFolder folder) {
        Path file = folder.resolve("." + trainable.fileName() + "." + UUID.randomUUID() + ".tmp");
        try {
            trainable.write(core, run, file);
            listener.accept(progress, file);
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.WARNING, "step " + progress.step() + " could not be shown: " + e.getMessage());
        } finally {
            try {
                Files.deleteIfExists(file);
            } catch (IOException e) {
                // The next run that takes the folder removes it.
            }
        }
    }
}
