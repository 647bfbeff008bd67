package dev.chaku.benchmarks.compare;

import dev.chaku.Model;
import dev.chaku.ModelOptions;
import dev.chaku.Shape;
import dev.chaku.Trainer;
import dev.chaku.TrainingRun;
import dev.chaku.WeightFormat;
import dev.chaku.cli.Machine;
import dev.chaku.data.EncodedExample;
import dev.chaku.train.LoraConfig;
import dev.chaku.train.OptimizerKind;
import dev.chaku.train.TrainingConfig;
import dev.chaku.train.TrainingProgress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What of a training's time its steps do not have: validations and checkpoints; and steps by optimizer. */
@Command(
        name = "benchmarks/run run-costs",
        sortOptions = false,
        description =
                "Trains LoRA of rank 16 on a 135M shape in Q8_0 with random weights, and measures a step, a checkpoint and"
                        + " a validation, and what they are of a run with the defaults: a checkpoint every 500 steps and, once"
                        + " an epoch, a validation on a twentieth of the data.")
final class RunCosts implements Callable<Integer> {
    private static final int RANK = 16;
    private static final int STEPS_BETWEEN_CHECKPOINTS = 500;
    private static final double VALIDATION_SHARE = 0.05;

    @Option(names = "--quick", description = "Rows of 64 tokens and few steps: does it work at all?")
    private boolean quick;

    @Mixin
    private RunOptions run;

    private Model model;
    private Path folder;
    private int runs;

    public static void main(String[] args) {
        System.exit(new CommandLine(new RunCosts()).execute(args));
    }

    @Override
    public Integer call() throws IOException {
        folder = Files.createTempDirectory("chaku-run-costs");
        try {
            return run.write("run-costs", quick, this::measure);
        } finally {
            try (Stream<Path> left = Files.walk(folder)) {
                left.sorted(Comparator.reverseOrder()).forEach(path -> path.toFile().delete());
            }
        }
    }

    private int rowTokens() {
        return quick ? 64 : 1024;
    }

    private int steps() {
        return quick ? 3 : 8;
    }

    private int measure(Report report) {
        ModelOptions options =
                ModelOptions.defaults().withThreads(run.settings(List.of(), 1).threads());
        try (Model opened = Model.synthetic(Shape.SMOLLM2_135M, WeightFormat.Q8_0, 1, options)) {
            model = opened;
            report.program(
                    "chaku",
                    Map.of(
                            "machine",
                            Machine.describe(model.device()),
                            "system",
                            Shape.SMOLLM2_135M.label() + " in q8_0, random weights, rank " + RANK + ", rows of "
                                    + rowTokens() + " tokens"));
            Samples step = steps(config(), List.of(), (training, progress) -> {});
            put(report, "step", step, null);
            Samples saves = new Samples();
            steps(config(), List.of(), (training, progress) -> {
                long start = System.nanoTime();
                training.saveNow().whenComplete((path, failure) -> saves.add((System.nanoTime() - start) / 1e9));
            });
            put(report, "checkpoint", saves, saves.median() / (STEPS_BETWEEN_CHECKPOINTS * step.median()));
            int rows = quick ? 1 : 4;
            Samples with = steps(config().with(c -> c.evalSteps(1)), rows(rows, 2), (training, progress) -> {});
            double validation = (with.median() - step.median()) / rows;
            Samples one = new Samples();
            one.add(validation);
            put(
                    report,
                    "validation, a row",
                    one,
                    validation * VALIDATION_SHARE / (1 - VALIDATION_SHARE) / step.median());
            for (OptimizerKind kind : OptimizerKind.values()) {
                put(
                        report,
                        "step, " + kind.label(),
                        steps(config().with(c -> c.optimizer(kind)), List.of(), (training, progress) -> {}),
                        null);
            }
        }
        return 0;
    }

    private TrainingConfig config() {
        return TrainingConfig.defaults()
                .with(c -> c.maxLength(rowTokens()).epochs(1).saveSteps(0).warmupSteps(0));
    }

    private List<EncodedExample> rows(int n, long seed) {
        Random random = new Random(seed);
        List<EncodedExample> rows = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            int[] tokens = random.ints(rowTokens(), 0, 40_000).toArray();
            float[] weights = new float[tokens.length];
            Arrays.fill(weights, 0, tokens.length - 1, 1);
            rows.add(new EncodedExample(tokens, weights));
        }
        return rows;
    }

    /** Does something after a step. */
    private interface AfterStep {
        void run(TrainingRun training, TrainingProgress progress);
    }

    /** Seconds from step to step, the first ones left out: they warm up. */
    private Samples steps(TrainingConfig config, List<EncodedExample> validation, AfterStep after) {
        Samples seconds = new Samples();
        long[] last = {0};
        CompletableFuture<TrainingRun> started = new CompletableFuture<>();
        Consumer<TrainingProgress> listener = progress -> {
            long now = System.nanoTime();
            if (progress.step() > 2) {
                seconds.add((now - last[0]) / 1e9);
            }
            after.run(started.join(), progress);
            last[0] = System.nanoTime();
        };
        Trainer trainer = Trainer.on(model)
                .lora(LoraConfig.rank(RANK))
                .config(config)
                .examples(rows(steps() + 2, 1))
                .evalExamples(validation)
                .onProgress(listener)
                .output(folder.resolve("run" + runs++));
        try (TrainingRun training = trainer.start()) {
            started.complete(training);
            training.awaitFile();
        }
        return seconds;
    }

    private static void put(Report report, String what, Samples seconds, Double share) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("measure", "run_costs");
        row.put("shape", what);
        row.put("seconds", seconds.fields());
        if (share != null) {
            row.put("share_percent", Samples.rounded(100 * share));
        }
        report.row(row);
    }
}
