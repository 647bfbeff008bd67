package dev.chaku.internal.train;

import dev.chaku.train.TrainingProgress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeMap;

/** Where a finished run stood at its end: the file that is written last. A run without it was broken off. */
final class RunResult {
    private static final String NAME = "result.json";

    private RunResult() {}

    /** Writes that the run is finished. */
    static void write(OutputFolder folder, TrainingProgress end) {
        String line = LogFile.json(end);
        String numbers = line.substring(0, line.length() - 1);
        StringBuilder more = new StringBuilder(",\"total_steps\":" + end.totalSteps());
        // The log has them in the lines of validations alone.
        if (!end.evaluated() && end.evalLoss().isPresent()) {
            more.append(",\"eval_loss\":" + end.evalLoss().getAsDouble() + ",\"eval_accuracy\":"
                    + end.evalAccuracy().orElseThrow());
            end.evalAnswers()
                    .forEach((name, value) -> more.append(",\"" + TrainingProgress.ANSWERS + name + "\":" + value));
            end.evalMargin().ifPresent(margin -> more.append(",\"eval_margin\":" + margin));
        }
        folder.writeText(NAME, numbers + more + "}\n");
    }

    /** Reads it; empty if the run is not finished. */
    static Optional<TrainingProgress> read(Path folder) {
        Map<String, String> values = EarlierRun.values(folder.resolve(NAME));
        if (values.isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of(new TrainingProgress(
                    Integer.parseInt(values.get("step")),
                    Integer.parseInt(values.get("total_steps")),
                    number(values, "epoch"),
                    number(values, "loss"),
                    number(values, "smoothed_loss"),
                    optional(values, "balance"),
                    optional(values, "margin"),
                    optional(values, "accuracy"),
                    false,
                    optional(values, "eval_loss"),
                    optional(values, "eval_accuracy"),
                    optional(values, "eval_margin"),
                    answers(values),
                    number(values, "learning_rate"),
                    number(values, "grad_norm"),
                    Long.parseLong(values.get("tokens")),
                    number(values, "tokens_per_s"),
                    Duration.ofMillis((long) (number(values, "elapsed_s") * 1000)),
                    Duration.ZERO,
                    Integer.parseInt(values.get("skipped_steps")),
                    Long.parseLong(values.get("peak_bytes"))));
        } catch (NumberFormatException | NullPointerException e) {
            return Optional.empty(); // Altered by hand: the end is done again.
        }
    }

    private static Map<String, Double> answers(Map<String, String> values) {
        Map<String, Double> answers = new TreeMap<>();
        values.forEach((name, value) -> {
            if (name.startsWith(TrainingProgress.ANSWERS)) {
                answers.put(name.substring(TrainingProgress.ANSWERS.length()), Double.parseDouble(value));
            }
        });
        return answers;
    }

    private static double number(Map<String, String> values, String name) {
        return Double.parseDouble(values.get(name));
    }

    private static OptionalDouble optional(Map<String, String> values, String name) {
        return values.containsKey(name) ? OptionalDouble.of(number(values, name)) : OptionalDouble.empty();
    }
}
