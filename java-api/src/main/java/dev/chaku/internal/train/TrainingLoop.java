package dev.chaku.internal.train;

import dev.chaku.data.PackedRow;
import dev.chaku.data.PackedRows;
import dev.chaku.errors.BadInputException;
import dev.chaku.errors.ChakuException;
import dev.chaku.errors.OperationCancelledException;
import dev.chaku.errors.ResourceException;
import dev.chaku.internal.engine.EngineTrainer;
import dev.chaku.internal.engine.StepOptions;
import dev.chaku.internal.engine.StepResult;
import dev.chaku.train.Keeping;
import dev.chaku.train.Loss;
import dev.chaku.train.LossTrend;
import dev.chaku.train.Optimizer;
import dev.chaku.train.Preparation;
import dev.chaku.train.TrainingConfig;
import dev.chaku.train.TrainingProgress;
import dev.chaku.train.ValidationTrend;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The steps of a run, on one thread: rows, gradients, update, validation, log, checkpoint, output. */
public final class TrainingLoop {
    /**
     * What a run leaves.
     *
     * @param file the adapter's or the model's
     * @param isAdapter whether the file is an adapter
     * @param finished whether it came to its end, rather than being told to stop
     */
    public record Result(
            Path file,
            boolean isAdapter,
            TrainingProgress progress,
            LossTrend trend,
            ValidationTrend validationTrend,
            boolean finished) {}

    private final TrainingSetup setup;
    private final TrainingConfig config;
    private final Keeping keeping;
    private @Nullable Objective objective;
    private @Nullable Objective validation;
    private final EngineTrainer core;
    private final OutputFolder folder;
    private final RunDescription description;
    private final Checkpoints checkpoints;
    private final PackedRows evalRows;
    private final int rowsPerEpoch;
    private final EarlyStopping stopping;
    private final Divergence divergence = new Divergence();
    private final ProgressListeners listeners;
    private final Snapshots snapshots;
    private final SampledAnswers answers;
    private final RunEvents events = RunEvents.get();
    private final int totalSteps;
    private final RunGate gate = new RunGate();
    private Consumer<Preparation> preparations = unused -> {};
    private volatile boolean cancelled;
    private volatile boolean stopped;

    private RunPosition position = RunPosition.start();
    private ProgressMeter meter;
    private int savedStep;
    /** Between a step and its validation and log line, where no checkpoint may be made. */
    private boolean withinStep;

    public TrainingLoop(
            TrainingSetup setup,
            RunDescription description,
            EngineTrainer core,
            OutputFolder folder,
            List<Consumer<TrainingProgress>> firstListeners,
            Snapshots snapshots,
            SampledAnswers answers) {
        this.answers = answers;
        this.setup = setup;
        this.config = setup.config();
        this.keeping = config.keeping();
        this.core = core;
        this.folder = folder;
        this.description = description;
        this.checkpoints = new Checkpoints(setup, description, core, folder);
        this.evalRows = setup.evalRows();
        this.stopping = new EarlyStopping(keeping.earlyStopping());
        this.rowsPerEpoch = setup.firstEpoch().size();
        this.totalSteps = config.batching().totalSteps(rowsPerEpoch);
        this.meter = new ProgressMeter(totalSteps, position);
        this.listeners = new ProgressListeners(firstListeners);
        this.snapshots = snapshots;
    }

    public void addListener(Consumer<TrainingProgress> listener) {
        listeners.add(listener);
    }

    /** Tells of work before the first step; before it begins. */
    public void onPreparation(Consumer<Preparation> listener) {
        preparations = preparations.andThen(listener);
    }

    public void cancel() {
        cancelled = true;
        gate.wake();
    }

    /** Makes the step under way the last: at least one is done, for an untrained adapter is of no use. */
    public void stop() {
        stopped = true;
        gate.wake();
    }

    /** Makes the run wait behind the step under way, or go on. */
    public void pause(boolean on) {
        gate.shut(on);
    }

    public boolean isPaused() {
        return gate.isWaitedAt();
    }

    /** Asks for a checkpoint of the step under way, which is the last one's where the run is paused. */
    public CompletableFuture<Path> saveNow() {
        return gate.save();
    }

    public Path output() {
        return folder.path();
    }

    /**
     * Takes up the newest whole checkpoint.
     *
     * @return the steps that are done; 0 if there is none
     */
    public int resume() {
        checkpoints.restoreNewest(this::findReference).ifPresent(this::goOnFrom);
        return position.step();
    }

    public Result run() {
        try {
            return train();
        } catch (ResourceException e) {
            String on = savedStep > 0 ? "; with room for it, set resume to go on from there" : "";
            throw new ResourceException(e.getMessage() + "; " + saved() + on, e);
        } finally {
            gate.close();
        }
    }

    private Result train() {
        folder.writeText(EarlierRun.CONFIG, description.json());
        LogFile log = LogFile.open(folder, position.step());
        try {
            findReference();
            if (position.step() == 0) {
                setup.trainable().prepare(core, preparing(setup.trainable().preparing()));
            }
        } catch (OperationCancelledException e) {
            throw new OperationCancelledException("training cancelled; " + saved(), e);
        }
        meter.resetClock();
        try (RowFeed rows = new RowFeed(setup.packer(), setup.data().examples(), position.epoch(), position.row())) {
            steps(rows, log);
        } catch (OperationCancelledException e) {
            throw new OperationCancelledException(
                    "training cancelled after step " + position.step() + "; " + saveBeforeLeaving(), e);
        }
        boolean finished = isFinished();
        if (!finished && position.step() > savedStep && divergence.isSound()) {
            save(); // It can go on later, whether it saves checkpoints on its way or not.
        }
        if (stopping.isOn() && stopping.bestStep() > 0) {
            checkpoints.restoreBest(stopping.bestStep());
        } else if (position.step() > 0) {
            divergence.spoiled().ifPresent(this::refuse);
        }
        folder.writeText("loss.svg", log.picture());
        return writeResult(log, finished);
    }

    /** Tells the listener of preparations what is done, unless the run is to end. */
    private Preparing preparing(String what) {
        long startNs = System.nanoTime();
        return (done, total) -> {
            requireNotCancelled();
            preparations.accept(new Preparation(what, done, total, Duration.ofNanos(System.nanoTime() - startNs)));
        };
    }

    /** Before anything is restored or trained: the model as it is then is what preferences are compared with. */
    private void findReference() {
        if (objective != null) {
            return;
        }
        ReferenceScores scores = ReferenceScores.none(setup.data());
        if (config.loss().needsReference()) {
            scores = ReferenceScores.read(setup, description, folder).orElse(null);
            if (scores == null) {
                scores = ReferenceScores.compute(setup, core, preparing("scoring the reference"));
                scores.write(setup, description, folder);
            }
        }
        objective = Objective.of(config.loss(), scores.train());
        validation = Objective.of(config.loss(), scores.eval());
    }

    private boolean isFinished() {
        return position.step() >= totalSteps || stopping.stops();
    }

    private void steps(RowFeed rows, LogFile log) {
        while (!isFinished() && !leaves()) {
            if (gate.pass(this::leaves, position.step() > 0, this::saveAsked)) {
                meter.resetClock();
                continue;
            }
            RunEvents.Part step = events.step();
            step(rows);
            step.end();
            divergence.endless().ifPresent(this::refuse);
            withinStep = true;
            RunEvents.Part evaluation = events.evaluation();
            boolean evaluated = evaluateIfDue();
            evaluation.end();
            TrainingProgress progress = meter.progress(evaluated);
            step.tell(progress);
            if (evaluated) {
                evaluation.tell(progress);
            }
            log.append(progress);
            listeners.tell(progress);
            withinStep = false;
            if (snapshots.isDue(position.step(), totalSteps) && divergence.isSound()) {
                snapshots.show(progress, core, setup.trainable(), description, folder);
                meter.resetClock();
            }
            if (keeping.saveSteps() > 0 && position.step() % keeping.saveSteps() == 0 && divergence.isSound()) {
                save();
            }
        }
        if (!isFinished()) {
            requireNotCancelled();
        }
        gate.pass(() -> true, position.step() > 0, this::saveAsked);
    }

    /** Whether the next step is none: at least one is done before a run stops. */
    private boolean leaves() {
        return cancelled || stopped && position.step() > 0;
    }

    private Path saveAsked() {
        if (!divergence.isSound()) {
            throw new BadInputException(
                    "step " + position.step()
                            + ": no checkpoint is made of it, for it is none that a run could go on from: its loss is no number");
        }
        if (position.step() > savedStep) {
            save();
        }
        return checkpoints.of(position.step());
    }

    private void save() {
        RunEvents.Part checkpoint = events.checkpoint();
        try {
            checkpoints.save(position, counters());
        } catch (ResourceException e) {
            throw new ResourceException(
                    e.getMessage() + "; a checkpoint takes " + setup.checkpointBytes()
                            + " bytes beside those that stay until it is whole",
                    e);
        }
        checkpoint.end();
        checkpoint.tell(meter.progress(false));
        savedStep = position.step();
        meter.resetClock();
    }

    /**
     * Parameters change in whole steps only, so that a run cancelled within one can still be saved as it was before.
     *
     * @return what is saved, in words
     */
    private String saveBeforeLeaving() {
        if (keeping.saveSteps() > 0 && position.step() > savedStep && !withinStep && divergence.isSound()) {
            try {
                save();
            } catch (ChakuException e) {
                return "its checkpoint could not be written (" + e.getMessage() + "); " + saved();
            }
        }
        return saved();
    }

    /** What of the run is on disk and what is not, in words. */
    private String saved() {
        if (savedStep == 0) {
            return position.step() == 0
                    ? "nothing was trained yet"
                    : "no checkpoint was saved and no adapter written: its steps are lost";
        }
        String lost = position.step() > savedStep ? ", later steps are lost" : "";
        return "the checkpoint of step " + savedStep + " in " + folder.path() + " is saved"
                + (setup.trainable().isAdapter()
                        ? " and has an adapter in it" + lost + "; no other was written"
                        : lost + "; no model was written");
    }

    private void goOnFrom(Checkpoints.Restored restored) {
        position = restored.position();
        savedStep = position.step();
        meter = new ProgressMeter(totalSteps, position);
        meter.restore(restored.counters());
        stopping.restore(restored.counters());
        divergence.restore(restored.counters(), position.step());
    }

    private Map<String, String> counters() {
        Map<String, String> counters = new LinkedHashMap<>();
        meter.save(counters);
        stopping.save(counters);
        divergence.save(counters);
        return counters;
    }

    /** One optimizer step: up to gradAccumulation rows of this epoch. */
    private void step(RowFeed rows) {
        RowLoss loss = RowLoss.NONE;
        long tokens = 0;
        int from = position.row();
        int to = Math.min(rowsPerEpoch, from + config.batching().gradAccumulation());
        long index = position.rowsDone();
        List<PackedRow> ofStep = new ArrayList<>();
        while (ofStep.size() < to - from) {
            ofStep.add(rows.next());
        }
        objective.begin(core, ofStep, this::requireNotCancelled);
        for (PackedRow row : ofStep) {
            requireNotCancelled();
            loss = loss.plus(objective.accumulate(core, row, index++));
            tokens += row.length();
        }
        int number = position.step() + 1;
        double rate = config.schedule().learningRateAt(number, totalSteps);
        StepResult result = core.step(stepOptions(rate));
        position = position.after(to - from, rowsPerEpoch);
        meter.step(position, rowsPerEpoch, loss.loss(), tokens, rate, result);
        if (config.experts().loadBalance() > 0) {
            meter.balance(loss.balance() / (to - from));
        }
        if (config.loss().data() != Loss.Data.EXAMPLES) {
            meter.preferences(loss.rewards().margin(), loss.accuracy());
        }
        divergence.step(loss.lossSum(), result);
    }

    /** Ends the run without a result, for it would be none. */
    private void refuse(String reason) {
        String cause = setup.model().core().faultyWeight().orElse("use a lower learning rate or look at the data");
        throw new BadInputException("training ended at step " + position.step() + " of " + totalSteps + ": " + reason
                + ": " + cause + "; " + saved());
    }

    private StepOptions stepOptions(double rate) {
        Optimizer optimizer = config.optimizer();
        return new StepOptions(
                (float) rate,
                (float) optimizer.beta1(),
                (float) optimizer.beta2(),
                (float) optimizer.epsilon(),
                (float) optimizer.weightDecay(),
                (float) optimizer.maxGradNorm(),
                (float) optimizer.bRateRatio(),
                (float) optimizer.maxGradValue());
    }

    private boolean evaluateIfDue() {
        boolean last = position.step() == totalSteps;
        boolean due = keeping.evalSteps() > 0 ? position.step() % keeping.evalSteps() == 0 : position.row() == 0;
        if (evalRows.isEmpty() || !(due || last)) {
            return false;
        }
        Validation seen = Validation.of(validation, core, evalRows, this::requireNotCancelled);
        if (stopping.isBest(seen.loss(), position.step()) && stopping.isOn()) {
            checkpoints.saveBest(position.step());
        }
        Map<String, Double> answered = answers.measure(
                position.step(), core, setup.trainable(), description, folder, this::requireNotCancelled);
        meter.evaluation(seen, answered);
        divergence.evaluation(seen);
        return true;
    }

    private Result writeResult(LogFile log, boolean finished) {
        TrainingProgress progress = meter.progress(false);
        Path file = resultFile(setup, folder.path());
        setup.trainable().write(core, description, file);
        if (finished) {
            RunResult.write(folder, progress);
        }
        return new Result(file, setup.trainable().isAdapter(), progress, log.trend(), log.validationTrend(), finished);
    }

    private static Path resultFile(TrainingSetup setup, Path folder) {
        return folder.resolve(setup.trainable().fileName());
    }

    /** What an earlier run left that came to its end in this folder; empty if it did not. */
    public static Optional<Result> earlier(TrainingSetup setup, OutputFolder folder) {
        Path file = resultFile(setup, folder.path());
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        return RunResult.read(folder.path()).map(end -> {
            LogFile log = LogFile.open(folder, end.step());
            return new Result(file, setup.trainable().isAdapter(), end, log.trend(), log.validationTrend(), true);
        });
    }

    private void requireNotCancelled() {
        if (cancelled) {
            throw new OperationCancelledException("training cancelled");
        }
    }
}
