package dev.chaku.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.chaku.eval.Check;
import dev.chaku.train.LoraConfig;
import dev.chaku.train.LossTrend;
import dev.chaku.train.RecordCounts;
import dev.chaku.train.TrainingConfig;
import dev.chaku.train.TrainingPlan;
import dev.chaku.train.ValidationTrend;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * A training's result as one HTML page that needs nothing else, in both colour schemes and at any width. All text in it
 * is escaped, whoever wrote it.
 */
final class ReportPage {
    /**
     * What it shows.
     *
     * @param result the fields of {@code train --json}
     * @param run the output folder, with config.json, log.jsonl and loss.svg
     * @param data files that were trained on, as given
     * @param notes what the run said of its data and its steps
     */
    record Content(
            Map<String, Object> result,
            Path run,
            List<String> data,
            TrainingPlan plan,
            LossTrend trend,
            ValidationTrend validation,
            List<String> notes,
            List<Check> checks,
            List<ReportSamples.Sample> samples) {}

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Map<String, String> CHECKS = Map.of(
            "general_loss", "Forgetting, general text",
            "own_answers", "Forgetting, the base's own answers",
            "copied_words", "Learned by heart");

    /** Settings of which there is no one default: they follow from others, or from the model. */
    private static final Set<String> FOLLOWING =
            Set.of("targets", "batch_tokens", "warmup_steps", "eval_steps", "save_steps");

    private final Content content;
    private final StringBuilder page =
            new StringBuilder("<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n");

    private ReportPage(Content content) {
        this.content = content;
    }

    /** Makes the page. */
    static String html(Content content) throws IOException {
        return new ReportPage(content).html();
    }

    private String html() throws IOException {
        Path run = content.run();
        JsonNode settings = JSON.readTree(Files.readString(run.resolve("config.json")));
        page.append("<meta name=\"viewport\" content=\"width=device-width\">\n");
        page.append("<title>Chaku training: ").append(escape(run.toString())).append("</title>\n");
        page.append("<style>\n").append(resource("style.css")).append("</style>\n");
        page.append("<h1>Training ")
                .append(escape(run.toString()))
                .append("</h1>\n<p class=\"dim\">")
                .append(escape(summary(content.result(), settings)))
                .append("</p>\n");
        cards();
        findings();
        curves(settings.path("loss").asText("sft"));
        samples();
        data(settings);
        memory();
        settings(settings);
        heading("Files");
        page.append("<table>\n");
        row("adapter", String.valueOf(content.result().get("adapter")), false);
        row("log of each step", run.resolve("log.jsonl").toString(), false);
        return page.append("</table>\n</html>\n").toString();
    }

    private static String resource(String name) {
        try (InputStream in = ReportPage.class.getResourceAsStream("report/" + name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void heading(String text) {
        page.append("<h2>").append(text).append("</h2>\n");
    }

    /** What to look at, and what was looked at and is well. */
    private void findings() {
        heading("Warnings");
        page.append("<ul class=\"findings\">\n");
        ValidationTrend validation = content.validation();
        if (validation.validations() > 1) {
            finding(
                    !validation.overFits(),
                    "Over-fitting",
                    String.format(
                            Locale.ROOT,
                            "the validation loss is %.4f, and was %.4f at its best, after step %d: %.1f %% above (too much from %.0f %%)%s",
                            validation.last(),
                            validation.best(),
                            validation.bestStep(),
                            100 * validation.rise(),
                            100 * ValidationTrend.RISE,
                            validation.overFits()
                                    ? ". Fewer epochs, more data or --early-stopping 3, which keeps the best"
                                    : ""));
        }
        LossTrend trend = content.trend();
        finding(
                trend.fell(),
                "Learning",
                String.format(
                        Locale.ROOT,
                        "the training loss went from %.4f to %.4f (first and last third); a fall of more than twice its error of %.4f, and of 2 %%, counts",
                        trend.first(),
                        trend.last(),
                        trend.error()));
        for (Check check : content.checks()) {
            finding(check.passed(), CHECKS.getOrDefault(check.name(), words(check.name())), check.text());
        }
        content.notes().forEach(note -> finding(false, "Note", note.replaceFirst("^note: ", "")));
        page.append("</ul>\n");
        List<String> missing = new ArrayList<>();
        if (validation.validations() < 2) {
            missing.add("over-fitting shows with two validations or more (--eval-data, --eval-split)");
        }
        if (content.checks().stream().noneMatch(check -> check.name().equals("general_loss"))) {
            missing.add("forgetting with --general-data");
        }
        if (!missing.isEmpty()) {
            page.append("<p class=\"dim\">Not looked at: ")
                    .append(escape(String.join("; ", missing)))
                    .append(".</p>\n");
        }
    }

    private void finding(boolean good, String name, String text) {
        String kind = good ? "good" : "bad";
        page.append("<li class=\"")
                .append(kind)
                .append("\"><b>")
                .append(good ? "\u2713 " : "\u26a0 ")
                .append(escape(name))
                .append("</b>: ")
                .append(escape(text))
                .append("</li>\n");
    }

    private void curves(String loss) throws IOException {
        List<RunCurves.Chart> charts =
                RunCurves.read(content.run().resolve("log.jsonl")).charts(loss);
        heading("Curves");
        page.append("<noscript>")
                .append(Files.readString(content.run().resolve("loss.svg")))
                .append("</noscript>\n<div class=\"charts\">\n");
        for (int i = 0; i < charts.size(); i++) {
            RunCurves.Chart chart = charts.get(i);
            page.append(i == 0 ? "<figure class=\"chart wide\">" : "<figure class=\"chart\">")
                    .append("<h3>")
                    .append(escape(chart.title()))
                    .append(" <span class=\"dim\">")
                    .append(escape(chart.unit()))
                    .append("</span></h3>");
            if (chart.series().size() > 1) {
                page.append("<div class=\"legend\">");
                chart.series().forEach(series -> page.append("<span><i class=\"")
                        .append(series.style())
                        .append("bg\"></i>")
                        .append(escape(series.name()))
                        .append("</span>"));
                page.append("</div>");
            }
            page.append("<div class=\"plot\" tabindex=\"0\"><div class=\"tip\" hidden></div></div></figure>\n");
        }
        page.append(
                        "</div>\n<p class=\"dim\">Point at a curve, or go along it with the arrow keys, for its values.</p>\n")
                .append("<script type=\"application/json\" id=\"curves\">")
                .append(RunCurves.json(charts))
                .append("</script>\n<script>\n")
                .append(resource("charts.js"))
                .append("</script>\n");
    }

    private void samples() {
        if (content.samples().isEmpty()) {
            return;
        }
        heading("Answers on the way");
        for (ReportSamples.Sample sample : content.samples()) {
            page.append("<div class=\"sample\"><dl>");
            entry("asked", sample.prompt(), false);
            entry("right answer", sample.reference(), false);
            sample.answers()
                    .forEach((when, answer) -> entry(
                            when,
                            answer,
                            answer.strip().equals(sample.reference().strip())));
            page.append("</dl></div>\n");
        }
        page.append(
                "<p class=\"dim\">Answers are greedy and of at most 128 tokens; those that are right to the letter are green.</p>\n");
    }

    private void entry(String name, String text, boolean right) {
        page.append("<dt>")
                .append(escape(name))
                .append(right ? "</dt><dd class=\"right\">" : "</dt><dd>")
                .append(escape(text))
                .append("</dd>");
    }

    private void data(JsonNode settings) {
        TrainingPlan plan = content.plan();
        RecordCounts records = plan.records();
        heading("Data");
        page.append("<table>\n");
        row("files", String.join(", ", content.data()), false);
        row("examples", count(plan.examples()), false);
        row("validation examples", count(settings.path("eval_examples").asLong()), false);
        row(
                "tokens an epoch",
                String.format(
                        Locale.ROOT,
                        "%,d, of which %,d are trained (%.0f %%)",
                        plan.tokensPerEpoch(),
                        plan.trainedTokensPerEpoch(),
                        100.0 * plan.trainedTokensPerEpoch() / Math.max(1, plan.tokensPerEpoch())),
                false);
        row(
                "rows an epoch",
                String.format(
                        Locale.ROOT,
                        "%,d of up to %,d tokens, %.0f %% filled",
                        plan.rowsPerEpoch(),
                        plan.rowTokens(),
                        100.0 * plan.tokensPerEpoch() / Math.max(1, (long) plan.rowsPerEpoch() * plan.rowTokens())),
                false);
        row("epochs, steps", count(plan.epochs()) + ", " + count(plan.steps()), false);
        row("trained values", count(plan.parameters()), false);
        Object left = content.result().get("skipped_lines");
        row(
                "cut, split, left out",
                count(records.truncated()) + ", " + count(records.split()) + ", "
                        + count(records.dropped() + (left instanceof Number n ? n.longValue() : 0)),
                false);
        page.append("</table>\n");
    }

    private static String count(long n) {
        return String.format(Locale.ROOT, "%,d", n);
    }

    private void memory() {
        TrainingPlan plan = content.plan();
        heading("Memory");
        page.append("<table>\n");
        MemoryTable.parts(plan.memory()).forEach((part, n) -> bytes(part, n, false));
        bytes("planned, at most", plan.memory().total(), true);
        bytes("held at most", number(content.result(), "peak_bytes"), true);
        page.append("</table>\n");
        MemoryTable.savings(plan.memory())
                .forEach(line ->
                        page.append("<p class=\"dim\">").append(escape(line)).append("</p>\n"));
    }

    private void bytes(String name, long bytes, boolean sum) {
        page.append(sum ? "<tr class=\"sum\"><td>" : "<tr><td>")
                .append(escape(name))
                .append("</td><td class=\"n\">")
                .append(count(bytes))
                .append("</td><td>")
                .append(ProgressLine.bytes(bytes))
                .append("</td></tr>\n");
    }

    private static String summary(Map<String, Object> result, JsonNode settings) {
        String base = settings.path("base").asText() + " ("
                + settings.path("architecture").asText() + ")";
        return String.format(
                Locale.ROOT,
                "%s of %s on %s, %s",
                settings.path("mode").asText().equals("full") ? "Full training" : "LoRA",
                base,
                Words.count(settings.path("examples").asLong(), "example"),
                Words.count(number(result, "steps"), "step"));
    }

    private void cards() {
        Map<String, Object> result = content.result();
        page.append("<div class=\"cards\">\n");
        card("training loss", decimals(result.get("train_loss"), "%.4f"));
        card("validation loss", decimals(result.get("eval_loss"), "%.4f"));
        Object accuracy = result.get("eval_accuracy");
        card("validation tokens right", accuracy instanceof Double share ? decimals(100 * share, "%.1f %%") : "");
        card("tokens seen", String.format(Locale.ROOT, "%,d", number(result, "tokens")));
        card("tokens a second", decimals(result.get("train_tokens_per_s"), "%,.0f"));
        card(
                "time",
                result.get("seconds") instanceof Double s
                        ? ProgressLine.duration(Duration.ofMillis((long) (s * 1000)))
                        : "");
        card("peak memory", ProgressLine.bytes(number(result, "peak_bytes")));
        card("steps skipped", number(result, "skipped_steps") > 0 ? "" + number(result, "skipped_steps") : "");
        card("lines left out", number(result, "skipped_lines") > 0 ? "" + number(result, "skipped_lines") : "");
        page.append("</div>\n");
    }

    private void card(String label, String value) {
        if (!value.isEmpty()) {
            page.append("<div class=\"card\"><b>")
                    .append(escape(value))
                    .append("</b>")
                    .append(escape(label))
                    .append("</div>\n");
        }
    }

    /** The settings: those that are not the defaults first. */
    private void settings(JsonNode settings) {
        Map<String, String> defaults = defaults();
        Map<String, String> own = new LinkedHashMap<>();
        Map<String, String> others = new LinkedHashMap<>();
        settings.fieldNames().forEachRemaining(name -> {
            String value = settings.get(name).isContainerNode()
                    ? settings.get(name).toString()
                    : settings.get(name).asText();
            (defaults.containsKey(name) && !defaults.get(name).equals(value) ? own : others).put(name, value);
        });
        heading("Settings");
        if (!own.isEmpty()) {
            page.append("<table>\n");
            own.forEach((name, value) -> row(words(name), value + " (default " + defaults.get(name) + ")", true));
            page.append("</table>\n");
        }
        page.append("<details><summary>")
                .append(own.isEmpty() ? "All are the defaults" : "Those left at their defaults, and the data")
                .append("</summary>\n<table>\n");
        others.forEach((name, value) -> row(words(name), value, false));
        page.append("</table></details>\n");
    }

    /** What config.json says under the defaults, of the settings that have one. */
    private static Map<String, String> defaults() {
        Map<String, String> values = new LinkedHashMap<>();
        Stream.concat(LoraConfig.rank(16).settings().stream(), TrainingConfig.defaults().settings(false).stream())
                .filter(setting -> !FOLLOWING.contains(setting.name()))
                .forEach(setting -> values.put(setting.name(), setting.value().toString()));
        return values;
    }

    private void row(String name, String value, boolean own) {
        page.append("<tr><td")
                .append(own ? " class=\"own\"" : "")
                .append('>')
                .append(escape(name))
                .append("</td><td>")
                .append(escape(value))
                .append("</td></tr>\n");
    }

    private static String words(String key) {
        return key.replace('_', ' ');
    }

    private static long number(Map<String, Object> result, String key) {
        return result.get(key) instanceof Number number ? number.longValue() : 0;
    }

    private static String decimals(Object value, String pattern) {
        return value instanceof Double number ? String.format(Locale.ROOT, pattern, number) : "";
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;")
                .replace("'", "&#39;");
    }
}
