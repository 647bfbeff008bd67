package dev.chaku.internal.train;

import dev.chaku.train.TrainingProgress;
import java.util.function.BiConsumer;
import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** Events of a run in Java Flight Recorder. Loaded only where the run-time has it. */
final class FlightEvents implements RunEvents {
    /** An optimizer step, its rows and its update; validation and saving are not in its time. */
    @Name("dev.chaku.TrainingStep")
    @Label("Training Step")
    @Category("Chaku")
    @StackTrace(false)
    static final class Step extends Event {
        @Label("Step")
        int step;

        @Label("Loss")
        double loss;

        @Label("Learning Rate")
        double learningRate;

        @Label("Gradient Norm")
        double gradNorm;

        @Label("Tokens So Far")
        long tokens;

        @Label("Tokens Per Second")
        double tokensPerSecond;
    }

    /** A validation. */
    @Name("dev.chaku.TrainingEvaluation")
    @Label("Training Evaluation")
    @Category("Chaku")
    @StackTrace(false)
    static final class Evaluation extends Event {
        @Label("Step")
        int step;

        @Label("Loss")
        double loss;

        @Label("Accuracy")
        double accuracy;
    }

    /** A checkpoint that was written. */
    @Name("dev.chaku.TrainingCheckpoint")
    @Label("Training Checkpoint")
    @Category("Chaku")
    @StackTrace(false)
    static final class Checkpoint extends Event {
        @Label("Step")
        int step;

        @Label("Peak Memory")
        @DataAmount
        long peakBytes;
    }

    @Override
    public Part step() {
        return begin(new Step(), (event, progress) -> {
            event.step = progress.step();
            event.loss = progress.loss();
            event.learningRate = progress.learningRate();
            event.gradNorm = progress.gradNorm();
            event.tokens = progress.tokens();
            event.tokensPerSecond = progress.tokensPerSecond();
        });
    }

    @Override
    public Part evaluation() {
        return begin(new Evaluation(), (event, progress) -> {
            event.step = progress.step();
            event.loss = progress.evalLoss().orElse(Double.NaN);
            event.accuracy = progress.evalAccuracy().orElse(Double.NaN);
        });
    }

    @Override
    public Part checkpoint() {
        return begin(new Checkpoint(), (event, progress) -> {
            event.step = progress.step();
            event.peakBytes = progress.peakBytes();
        });
    }

    private static <E extends Event> Part begin(E event, BiConsumer<E, TrainingProgress> fill) {
        event.begin();
        return new Part() {
            @Override
            public void end() {
                event.end();
            }

            @Override
            public void tell(TrainingProgress progress) {
                if (event.shouldCommit()) {
                    fill.accept(event, progress);
                    event.commit();
                }
            }
        };
    }
}
