package dev.chaku.internal.train;

import dev.chaku.errors.BadInputException;
import dev.chaku.internal.engine.EngineTrainer;
import dev.chaku.internal.engine.TrainerOptions;
import dev.chaku.train.Experts;
import dev.chaku.train.FullTraining;
import dev.chaku.train.LoraConfig;
import dev.chaku.train.Method;
import java.nio.file.Path;
import java.util.List;

/** What a training changes of a model, by its method: one class for each, which alone knows the method's settings. */
public interface Trainable {
    /** What a method trains of a model. */
    static Trainable of(Method method, BaseModel model, Experts experts) {
        if (method instanceof LoraConfig lora) {
            return new TrainableAdapter(model, lora, experts);
        }
        if (method instanceof FullTraining full) {
            return new TrainableModel(model, full, experts);
        }
        throw new IllegalArgumentException("a method that nothing trains by: " + method);
    }

    /** Values that are trained. */
    long parameters();

    /**
     * What the core is told.
     *
     * @param maxTokens of the longest row
     * @param memoryLimitBytes for the core alone, 0 for what the machine has
     * @throws BadInputException if the model lacks what is to be trained
     */
    TrainerOptions options(int maxTokens, long seed, long memoryLimitBytes);

    /** All of each parameter that a resumed run needs, if the optimizer has two moments. */
    default List<EngineTrainer.Slot> state() {
        return TrainerState.WHOLE;
    }

    /** Values of the result. */
    default long resultValues() {
        return parameters();
    }

    /** Decides where a new training begins, before its first step and on its thread. */
    default void prepare(EngineTrainer core, Preparing tell) {}

    /** What prepare does, for {@link dev.chaku.train.Preparation}. */
    default String preparing() {
        return "";
    }

    /** The name of the result's file. */
    String fileName();

    /** Whether the result is an adapter, small enough to be written at every checkpoint, too. */
    boolean isAdapter();

    /** What of the result is in the heap at once when it is written, in bytes. */
    long heapBytes();

    /** Writes what a trainer has learned. */
    void write(EngineTrainer core, RunDescription description, Path file);

    /** Checks that what concerns experts is asked of a model that has some. */
    static void requireExpertsWhereTheyAreMeant(BaseModel model, Experts experts) {
        if (experts.loadBalance() > 0 && !model.hasExperts()) {
            throw new BadInputException(
                    model + ": load balance: expected 0 for a model without experts, found " + experts.loadBalance());
        }
    }
}
