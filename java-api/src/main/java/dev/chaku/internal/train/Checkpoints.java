package dev.chaku.internal.train;

import dev.chaku.errors.BadInputException;
import dev.chaku.internal.engine.EngineTrainer;
import dev.chaku.internal.huggingface.Safetensors;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * A run's state on disk: parameters, moments and position, with all that must be the same for a resumed run to give the
 * bits of one that was never interrupted.
 */
final class Checkpoints {
    private static final System.Logger LOG = System.getLogger(Checkpoints.class.getName());
    /** Before the names of what decides the result, among the counters. */
    private static final String DECISIVE = "is ";

    private static final String STATE = "state.safetensors";

    private final TrainingSetup setup;
    private final RunDescription description;
    private final EngineTrainer core;
    private final CheckpointFolder folder;

    /** Where a checkpoint stands, and what the run counted up to there. */
    record Restored(Path checkpoint, RunPosition position, Map<String, String> counters) {}

    Checkpoints(TrainingSetup setup, RunDescription description, EngineTrainer core, OutputFolder output) {
        this.setup = setup;
        this.description = description;
        this.core = core;
        this.folder = new CheckpointFolder(output.path());
    }

    void save(RunPosition position, Map<String, String> counters) {
        Map<String, String> metadata = new LinkedHashMap<>(counters);
        description.decisive().forEach((what, value) -> metadata.put(DECISIVE + what, value));
        metadata.put("step", Integer.toString(position.step()));
        metadata.put("epoch", Integer.toString(position.epoch()));
        metadata.put("row", Integer.toString(position.row()));
        metadata.put("rows_done", Long.toString(position.rowsDone()));
        folder.save(position.step(), into -> write(into, metadata));
        folder.keepNewest(setup.config().keeping().keepCheckpoints());
    }

    /** The state, and for people the settings and an adapter that can be tried while the run goes on. */
    private void write(Path into, Map<String, String> metadata) {
        TrainerState.write(core, setup.state(), metadata, into.resolve(STATE));
        OutputFolder.of(into).writeText(EarlierRun.CONFIG, description.json());
        Trainable trainable = setup.trainable();
        if (trainable.isAdapter()) {
            trainable.write(core, description, into.resolve(trainable.fileName()));
        }
    }

    /** Where the checkpoint of a step is. */
    Path of(int step) {
        return folder.of(step);
    }

    /** Keeps the parameters as the best so far, in place of those kept before. */
    void saveBest(int step) {
        folder.saveBest(step, into -> TrainerState.write(core, TrainerState.VALUES, Map.of(), into.resolve(STATE)));
    }

    /** Makes the best parameters, those of a step, the trainer's. */
    void restoreBest(int step) {
        Path best = folder.best(step);
        CheckpointFolder.verify(best);
        TrainerState.restore(Safetensors.read(best.resolve(STATE)), TrainerState.VALUES, core);
    }

    /**
     * Restores the newest whole checkpoint.
     *
     * @param before run before anything is restored, if there is one
     * @throws BadInputException if it was made from other data, another base or with other settings
     */
    Optional<Restored> restoreNewest(Runnable before) {
        for (Path checkpoint : folder.newestFirst()) {
            try {
                CheckpointFolder.verify(checkpoint);
            } catch (BadInputException torn) {
                LOG.log(System.Logger.Level.WARNING, torn.getMessage() + "; trying the one before");
                continue;
            }
            before.run();
            return Optional.of(restore(checkpoint));
        }
        return Optional.empty();
    }

    private Restored restore(Path checkpoint) {
        Safetensors state = Safetensors.read(checkpoint.resolve(STATE));
        Map<String, String> metadata = state.metadata();
        Map<String, String> then = new LinkedHashMap<>();
        metadata.forEach((name, value) -> {
            if (name.startsWith(DECISIVE)) {
                then.put(name.substring(DECISIVE.length()), value);
            }
        });
        EarlierRun.requireSame(checkpoint, then, description.decisive());
        RunPosition position = new RunPosition(
                (int) number(checkpoint, metadata, "step"),
                (int) number(checkpoint, metadata, "epoch"),
                (int) number(checkpoint, metadata, "row"),
                number(checkpoint, metadata, "rows_done"));
        TrainerState.restore(state, setup.state(), core);
        core.setStep(position.step() - number(checkpoint, metadata, ProgressMeter.SKIPPED));
        return new Restored(checkpoint, position, metadata);
    }

    private static long number(Path checkpoint, Map<String, String> metadata, String name) {
        try {
            return Long.parseLong(metadata.getOrDefault(name, ""));
        } catch (NumberFormatException e) {
            throw new BadInputException(
                    checkpoint + ": " + name + ": expected a whole number, found '" + metadata.get(name) + "'", e);
        }
    }
}
