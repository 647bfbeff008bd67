package dev.chaku.internal.train;

import dev.chaku.train.TrainingProgress;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/**
 * Who hears of a run's progress. A listener that fails ends nothing: hours of training are worth more than what it
 * shows. Its first failure is logged, and it is called again at the next step. {@link #add} comes from any thread,
 * {@link #tell} from the run's alone.
 */
final class ProgressListeners {
    private static final System.Logger LOG = System.getLogger("dev.chaku.ProgressListeners");

    private final List<Consumer<TrainingProgress>> all = new CopyOnWriteArrayList<>();
    private final Set<Consumer<TrainingProgress>> failed = new HashSet<>();

    ProgressListeners(List<Consumer<TrainingProgress>> first) {
        all.addAll(first);
    }

    void add(Consumer<TrainingProgress> listener) {
        all.add(listener);
    }

    void tell(TrainingProgress progress) {
        for (Consumer<TrainingProgress> listener : all) {
            try {
                listener.accept(progress);
            } catch (RuntimeException e) {
                if (failed.add(listener)) {
                    LOG.log(
                            System.Logger.Level.WARNING,
                            "a listener of the training failed at step " + progress.step()
                                    + "; its later failures are not reported",
                            e);
                }
            }
        }
    }
}
