package dev.chaku.cli;

import dev.chaku.train.TrainingPlan;
import dev.chaku.train.TrainingProgress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A training on a terminal: the curve of its loss, and below it where it stands, how fast it is, what it takes of the
 * machine, and how long it will go on. Drawn anew in place, a few times a second. Not thread-safe.
 */
final class TrainingView {
    /** What a terminal needs for it; smaller ones get a line. */
    static final int LEAST_COLUMNS = 60;

    static final int LEAST_ROWS = 16;
    private static final int CURVE_ROWS = 7;
    private static final int MOST_COLUMNS = 120;
    private static final long REDRAW_NS = 250_000_000L;
    private static final String UP = "\u001b[%dA\r";
    private static final String CLEAR_BELOW = "\u001b[J";
    private static final String CLEAR_LINE = "\u001b[K";

    private final Console console;
    private final LossCurve curve = new LossCurve();
    private @Nullable TrainingPlan plan;
    private @Nullable TrainingProgress newest;
    private Optional<TrainingProgress> validated = Optional.empty();
    private Optional<Duration> processorBefore = Optional.empty();
    private long processorNs;
    private double cores = Double.NaN;
    private long drawnNs;
    private int lines;

    TrainingView(Console console) {
        this.console = console;
    }

    /** Whether the terminal shows such a thing: wide and high enough, and with colours wanted. */
    static boolean fits(Console console) {
        return console.redraws() && console.progressColumns() >= LEAST_COLUMNS && console.progressRows() >= LEAST_ROWS;
    }

    /** What the run is planned to take. */
    void plan(TrainingPlan what) {
        plan = what;
    }

    void step(TrainingProgress progress) {
        newest = progress;
        curve.add(progress.step(), progress.loss());
        if (progress.evaluated()) {
            validated = Optional.of(progress);
        }
        long now = System.nanoTime();
        if (now - drawnNs >= REDRAW_NS || progress.evaluated() || progress.step() == progress.totalSteps()) {
            drawnNs = now;
            measureProcessor(now);
            draw();
        }
    }

    /** The cores in use since it was asked last, a second ago or more. */
    private void measureProcessor(long now) {
        if (processorBefore.isPresent() && now - processorNs < 1_000_000_000L) {
            return;
        }
        Optional<Duration> used = ProcessHandle.current().info().totalCpuDuration();
        if (used.isPresent() && processorBefore.isPresent()) {
            cores = (double) used.get().minus(processorBefore.get()).toNanos() / (now - processorNs);
        }
        processorBefore = used;
        processorNs = now;
    }

    /** Writes a lasting line above. */
    void note(String text) {
        clear();
        console.note(text);
        if (newest != null) {
            draw();
        }
    }

    /** Takes it away, for what comes in its place. */
    void clear() {
        if (lines > 0) {
            console.err().print(String.format(Locale.ROOT, UP, lines) + CLEAR_BELOW);
            lines = 0;
        }
    }

    /** Shows the end; it stays. */
    void close() {
        if (newest != null) {
            draw();
        }
        lines = 0;
    }

    private void draw() {
        StringBuilder text = new StringBuilder(lines > 0 ? String.format(Locale.ROOT, UP, lines) : "");
        int columns = Math.min(MOST_COLUMNS, console.progressColumns());
        List<String> all = rows(columns);
        for (String line : all) {
            text.append(ColumnText.cut(line, columns)).append(CLEAR_LINE).append('\n');
        }
        console.err().print(text.append(CLEAR_BELOW));
        console.err().flush();
        lines = all.size();
    }

    private List<String> rows(int columns) {
        TrainingProgress p = newest;
        List<String> rows = new ArrayList<>();
        curve.draw(columns, CURVE_ROWS, p.totalSteps())
                .forEach(line ->
                        rows.add(line.substring(0, 9) + console.errorColour(Console.Colour.BLUE, line.substring(9))));
        rows.add(edge(columns, p));
        rows.add(ColumnText.fit(
                List.of(
                        console.errorColour(
                                Console.Colour.GREEN,
                                ProgressLine.bar((double) p.step() / p.totalSteps(), columns < 100 ? 24 : 40)),
                        p.step() + "/" + p.totalSteps(),
                        ProgressLine.left(p.remaining()),
                        String.format(Locale.ROOT, "epoch %.2f", p.epoch()),
                        p.skippedSteps() > 0 ? Words.count(p.skippedSteps(), "step") + " skipped" : ""),
                columns));
        rows.add(ColumnText.fit(
                List.of(
                        console.errorColour(
                                        Console.Colour.BOLD, String.format(Locale.ROOT, "loss %.4f", p.smoothedLoss()))
                                + TrainingDisplay.margin(p.margin()),
                        String.format(Locale.ROOT, "lr %.2e", p.learningRate()),
                        String.format(Locale.ROOT, "gradient %.3f", p.gradNorm())),
                columns));
        rows.add(ColumnText.cut(validated.map(TrainingView::validation).orElse("not validated yet"), columns));
        rows.add(ColumnText.fit(
                List.of(
                        String.format(Locale.ROOT, "%,.0f tokens/s", p.tokensPerSecond()),
                        Double.isNaN(cores) ? "" : machine(cores),
                        memory(p)),
                columns));
        return rows;
    }

    /** The axis below the curve. */
    private static String edge(int columns, TrainingProgress p) {
        String right = "step " + p.totalSteps();
        int width = columns - 9 - right.length() - 1;
        return " ".repeat(8) + "└" + "─".repeat(Math.max(0, width)) + " " + right;
    }

    private static String validation(TrainingProgress p) {
        return String.format(
                        Locale.ROOT,
                        "validation %.4f%s at step %d, %.1f %% right",
                        p.evalLoss().orElseThrow(),
                        TrainingDisplay.margin(p.evalMargin()),
                        p.step(),
                        100 * p.evalAccuracy().orElseThrow())
                + TrainingDisplay.answers(p);
    }

    private static String machine(double used) {
        int all = Runtime.getRuntime().availableProcessors();
        return String.format(Locale.ROOT, "%.1f of %d cores (%.0f %%)", used, all, 100 * used / all);
    }

    private String memory(TrainingProgress p) {
        String held = "memory " + ProgressLine.bytes(p.peakBytes());
        return plan == null
                ? held
                : String.format(
                        Locale.ROOT,
                        "%s of planned %s (%.0f %% of what is free)",
                        held,
                        ProgressLine.bytes(plan.memory().total()),
                        100.0 * p.peakBytes() / Math.max(1, plan.memory().available()));
    }
}
