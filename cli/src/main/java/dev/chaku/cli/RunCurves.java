package dev.chaku.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.chaku.train.TrainingProgress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The curves of a run's log, thinned so that a long run makes no large page. */
final class RunCurves {
    /** More points than this a screen does not show: of each stretch the least and the greatest value are kept. */
    static final int MOST_POINTS = 1_000;

    private static final ObjectMapper JSON = new ObjectMapper();

    /** One line of a chart: steps and finite values. */
    record Series(String name, String style, List<Integer> x, List<Double> y) {}

    /** A chart with at least one line that has points. */
    record Chart(String title, String unit, List<Series> series) {}

    /** A line of a chart: its field in the log, its name and its style. */
    private record Line(String field, String name, String style) {}

    private static final int STYLES = 3;

    private final List<JsonNode> steps = new ArrayList<>();

    private RunCurves() {}

    /** Reads a log; a last line that was cut short does not count. */
    static RunCurves read(Path log) throws IOException {
        RunCurves curves = new RunCurves();
        for (String line : Files.readAllLines(log)) {
            try {
                JsonNode step = JSON.readTree(line);
                if (step.path("step").isInt()) {
                    curves.steps.add(step);
                }
            } catch (JsonProcessingException e) {
                // A torn line.
            }
        }
        return curves;
    }

    /**
     * Those that the log has values for.
     *
     * @param loss the name of what was trained by
     */
    List<Chart> charts(String loss) {
        List<Chart> charts = new ArrayList<>();
        add(
                charts,
                "Loss",
                loss.equals("sft") ? "nats a token" : loss + ", the mean over examples",
                new Line("loss", "training, each step", "s0"),
                new Line("smoothed_loss", "training, running mean", "s1"),
                new Line("eval_loss", "validation", "s2"));
        add(charts, "Learning rate", "", new Line("learning_rate", "learning rate", "s1"));
        add(charts, "Gradient norm", "before clipping", new Line("grad_norm", "gradient norm", "s1"));
        add(
                charts,
                "Margin of preferences",
                "",
                new Line("margin", "training", "s1"),
                new Line("eval_margin", "validation", "s2"));
        add(
                charts,
                "Share that is right",
                "of tokens, pairs or answers",
                new Line("accuracy", "training", "s1"),
                new Line("eval_accuracy", "validation", "s2"));
        add(charts, "Answers of the validation", "means of their metrics", answers());
        add(charts, "Load balance", "", new Line("balance", "load-balance loss", "s1"));
        add(charts, "Speed", "tokens a second, since the start", new Line("tokens_per_s", "tokens/s", "s1"));
        return charts;
    }

    /** A line for each metric of generated answers. */
    private Line[] answers() {
        Set<String> fields = new LinkedHashSet<>();
        for (JsonNode step : steps) {
            step.fieldNames().forEachRemaining(field -> {
                if (field.startsWith(TrainingProgress.ANSWERS)) {
                    fields.add(field);
                }
            });
        }
        List<Line> lines = new ArrayList<>();
        for (String field : fields) {
            lines.add(new Line(
                    field,
                    field.substring(TrainingProgress.ANSWERS.length()).replace('_', ' '),
                    "s" + lines.size() % STYLES));
        }
        return lines.toArray(Line[]::new);
    }

    private void add(List<Chart> charts, String title, String unit, Line... lines) {
        List<Series> series = new ArrayList<>();
        for (Line line : lines) {
            Series one = series(line);
            if (!one.x().isEmpty()) {
                series.add(one);
            }
        }
        if (!series.isEmpty()) {
            charts.add(new Chart(title, unit, series));
        }
    }

    private Series series(Line line) {
        List<Integer> x = new ArrayList<>();
        List<Double> y = new ArrayList<>();
        for (JsonNode step : steps) {
            JsonNode value = step.path(line.field());
            if (value.isNumber() && Double.isFinite(value.asDouble())) {
                x.add(step.get("step").asInt());
                y.add(value.asDouble());
            }
        }
        return thinned(new Series(line.name(), line.style(), x, y));
    }

    private static Series thinned(Series all) {
        int n = all.x().size();
        if (n <= MOST_POINTS) {
            return all;
        }
        List<Integer> x = new ArrayList<>();
        List<Double> y = new ArrayList<>();
        int stretches = MOST_POINTS / 2;
        for (int i = 0; i < stretches; i++) {
            int from = (int) ((long) i * n / stretches);
            int to = (int) ((long) (i + 1) * n / stretches);
            int least = from;
            int greatest = from;
            for (int j = from + 1; j < to; j++) {
                least = all.y().get(j) < all.y().get(least) ? j : least;
                greatest = all.y().get(j) > all.y().get(greatest) ? j : greatest;
            }
            for (int j : least == greatest
                    ? new int[] {least}
                    : new int[] {Math.min(least, greatest), Math.max(least, greatest)}) {
                x.add(all.x().get(j));
                y.add(all.y().get(j));
            }
        }
        return new Series(all.name(), all.style(), x, y);
    }

    /** What the page's script draws; nothing in it ends the element that it stands in. */
    static String json(List<Chart> charts) {
        List<Map<String, Object>> all = new ArrayList<>();
        for (Chart chart : charts) {
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("title", chart.title());
            fields.put("series", chart.series());
            all.add(fields);
        }
        return JSON.valueToTree(all).toString().replace("<", "\\u003c");
    }
}
