package dev.chaku.cli;

import dev.chaku.Model;
import dev.chaku.data.Dataset;
import dev.chaku.errors.BadInputException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Several trainings over one base, one after another: the model is opened once, each data set read once. Each has a
 * folder of its own and the bits that it has alone; one that is broken off, or refused, leaves the others as they are.
 */
final class TrainSeries {
    /** One of them: what became of it, or why there is nothing. */
    private record Row(
            SeriesOptions.Variant variant,
            Map<String, Object> fields,
            @Nullable String failure) {
        Optional<Double> number(String field) {
            return fields.get(field) instanceof Number number && Double.isFinite(number.doubleValue())
                    ? Optional.of(number.doubleValue())
                    : Optional.empty();
        }
    }

    private final Console console;
    private final Map<SeriesOptions.Variant, TrainCommand> trainings;
    private final boolean ofPreferences;
    private final Map<List<String>, Dataset> sets = new HashMap<>();
    private final List<Row> rows = new ArrayList<>();

    /**
     * @param ofPreferences whether losses compare answers, so that different ones cannot be compared with each other
     */
    TrainSeries(Console console, Map<SeriesOptions.Variant, TrainCommand> trainings, boolean ofPreferences) {
        this.console = console;
        this.trainings = trainings;
        this.ofPreferences = ofPreferences;
    }

    /** Data sets that were read, by their files and what they are read by. */
    Dataset read(List<String> key, Function<List<String>, Dataset> reader) {
        return sets.computeIfAbsent(key, reader);
    }

    /**
     * Trains all, or until a signal comes.
     *
     * @return the exit code: of the signal, 0 if something was trained, else that of bad input
     */
    int run(Model model) throws IOException {
        for (Map.Entry<SeriesOptions.Variant, TrainCommand> entry : trainings.entrySet()) {
            SeriesOptions.Variant variant = entry.getKey();
            console.note("training " + (rows.size() + 1) + " of " + trainings.size() + ": " + variant.name());
            try {
                TrainCommand.Outcome outcome = entry.getValue().train(model, this);
                rows.add(new Row(variant, outcome.fields(), null));
                if (!outcome.finished()) {
                    return outcome.signal();
                }
            } catch (BadInputException e) {
                console.note(variant.name() + ": " + SettingNames.toFlags(e.getMessage()));
                rows.add(new Row(variant, Map.of(), SettingNames.toFlags(e.getMessage())));
            }
        }
        return rows.stream().allMatch(row -> row.failure() != null) ? ExitCode.BAD_INPUT.code() : ExitCode.DONE.code();
    }

    /** What is compared, by its name in the result; more is better of what is no loss. */
    private String measure() {
        if (ofPreferences
                && rows.stream().anyMatch(row -> row.number("eval_accuracy").isPresent())) {
            return "eval_accuracy";
        }
        return rows.stream().anyMatch(row -> row.number("eval_loss").isPresent()) ? "eval_loss" : "train_loss";
    }

    private Optional<Row> best() {
        String measure = measure();
        int sign = measure.equals("eval_accuracy") ? -1 : 1;
        return rows.stream()
                .filter(row -> row.number(measure).isPresent())
                .min(Comparator.comparingDouble(
                        row -> sign * row.number(measure).orElseThrow()));
    }

    Map<String, Object> fields() {
        List<Map<String, Object>> variants = new ArrayList<>();
        for (Row row : rows) {
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("name", row.variant().name());
            Map<String, Object> options = new LinkedHashMap<>();
            row.variant().options().forEach((flag, values) -> options.put(flag.substring(2), String.join(",", values)));
            one.put("options", options);
            one.putAll(row.fields());
            if (row.failure() != null) {
                one.put("error", row.failure());
            }
            variants.add(one);
        }
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("variants", variants);
        fields.put("measure", measure());
        fields.put("best", best().map(row -> row.variant().name()).orElse(null));
        fields.put("adapter", best().map(row -> row.fields().get("adapter")).orElse(null));
        fields.put("finished", rows.size() == trainings.size());
        return fields;
    }

    /** The table of results, and the best. */
    void print(Path out) {
        List<String> names =
                new ArrayList<>(List.of("steps", "train_loss", "eval_loss", "eval_accuracy", "tokens", "seconds"));
        names.removeIf(name -> rows.stream().noneMatch(row -> row.number(name).isPresent()));
        List<String> head = new ArrayList<>(List.of("name"));
        names.forEach(name -> head.add(name.replace('_', ' ')));
        TextTable table = new TextTable(head.toArray(String[]::new));
        for (Row row : rows) {
            List<String> line = new ArrayList<>(List.of(row.variant().name()));
            for (String name : names) {
                line.add(row.number(name).map(value -> number(name, value)).orElse("-"));
            }
            table.row(line.toArray(String[]::new));
        }
        table.lines().forEach(console::print);
        best().ifPresent(row -> {
            console.print("The best by " + measure().replace('_', ' ') + ": "
                    + row.variant().name());
            console.print("Its adapter:  " + row.fields().get("adapter"));
            if (measure().equals("train_loss")) {
                console.note(
                        "note: the training loss says little of which is best: --eval-data or --eval-split compare on what was not trained");
            }
        });
        rows.stream()
                .filter(row -> row.failure() != null)
                .forEach(row -> console.note(row.variant().name() + " failed: " + row.failure()));
    }

    private static String number(String name, double value) {
        return switch (name) {
            case "steps", "tokens" -> String.format(Locale.ROOT, "%,d", (long) value);
            case "seconds" -> String.format(Locale.ROOT, "%.1f", value);
            default -> String.format(Locale.ROOT, "%.4f", value);
        };
    }
}
