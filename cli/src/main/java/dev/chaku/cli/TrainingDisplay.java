package dev.chaku.cli;

import dev.chaku.train.Preparation;
import dev.chaku.train.TrainingPlan;
import dev.chaku.train.TrainingProgress;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * A training's progress: on a terminal that has room the curve of its loss with all that is known, see
 * {@link TrainingView}, elsewhere a line: bar, loss, the time that is left, speed and learning rate.
 */
final class TrainingDisplay implements Consumer<TrainingProgress>, AutoCloseable {
    private static final long PATIENCE_MS = 2000;

    private final Console console;
    private final ProgressLine line;
    private final TrainingView view;
    private boolean viewing;
    /** Whether a step came before: the first one alone, which warms up, says little of the others. */
    private boolean timed;

    TrainingDisplay(Console console) {
        this.console = console;
        this.line = new ProgressLine(console);
        this.view = new TrainingView(console);
    }

    /** What the run is planned to do and take. */
    synchronized void plan(TrainingPlan plan) {
        view.plan(plan);
    }

    /** What comes before the first step, where it takes more than two seconds. */
    synchronized void preparing(Preparation p) {
        if (p.elapsed().toMillis() >= PATIENCE_MS) {
            line.update(
                    p.what() + " " + ProgressLine.bar(p.share(), line.barCells()),
                    String.format(Locale.ROOT, "%,d of %,d", p.done(), p.total()),
                    p.done() > 0 ? ProgressLine.left(p.remaining()) : "");
        }
    }

    @Override
    public synchronized void accept(TrainingProgress p) {
        boolean fits = TrainingView.fits(console); // The window may have changed.
        if (fits != viewing) {
            viewing = fits;
            if (fits) {
                line.close();
            } else {
                view.clear();
            }
        }
        if (fits) {
            view.step(p);
        } else {
            showLine(p);
        }
        timed = true;
    }

    private void showLine(TrainingProgress p) {
        if (p.evaluated()) {
            line.note(String.format(
                            Locale.ROOT,
                            "step %d: validation loss %.4f%s, %.1f %% of %s right",
                            p.step(),
                            p.evalLoss().orElseThrow(),
                            margin(p.evalMargin()),
                            100 * p.evalAccuracy().orElseThrow(),
                            p.accuracy().isPresent() ? "answers" : "tokens")
                    + answers(p));
        }
        line.update(
                console.errorColour(
                        Console.Colour.GREEN, ProgressLine.bar((double) p.step() / p.totalSteps(), line.barCells())),
                p.step() + "/" + p.totalSteps(),
                timed ? ProgressLine.left(p.remaining()) : "",
                String.format(Locale.ROOT, "loss %.4f%s", p.smoothedLoss(), margin(p.margin())),
                p.accuracy().isPresent()
                        ? String.format(
                                Locale.ROOT, "%.0f %% right", 100 * p.accuracy().getAsDouble())
                        : "",
                String.format(Locale.ROOT, "%,.0f tokens/s", p.tokensPerSecond()),
                p.skippedSteps() > 0 ? Words.count(p.skippedSteps(), "step") + " skipped" : "",
                String.format(Locale.ROOT, "epoch %.2f", p.epoch()),
                String.format(Locale.ROOT, "lr %.2e", p.learningRate()));
    }

    /** What the answers of a validation came to; nothing where there are none. */
    static String answers(TrainingProgress p) {
        return p.evalAnswers().entrySet().stream()
                .map(metric -> String.format(
                        Locale.ROOT, "%s %.1f %%", metric.getKey().replace('_', ' '), 100 * metric.getValue()))
                .collect(Collectors.joining(", ", p.evalAnswers().isEmpty() ? "" : "; answers: ", ""));
    }

    /** The margin of preferences, in words; nothing where there is none. */
    static String margin(OptionalDouble margin) {
        return margin.isPresent() ? String.format(Locale.ROOT, ", margin %+.4f", margin.getAsDouble()) : "";
    }

    /** Writes a lasting line above the progress. */
    synchronized void note(String text) {
        if (viewing) {
            view.note(text);
        } else {
            line.note(text);
        }
    }

    @Override
    public synchronized void close() {
        if (viewing) {
            view.close();
        }
        line.close();
    }
}
