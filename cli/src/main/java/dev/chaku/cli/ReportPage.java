package dev.chaku.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.chaku.train.LoraConfig;
import dev.chaku.train.TrainingConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** A training's result as one HTML page that needs nothing else, in both colour schemes. */
final class ReportPage {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String STYLE = """
      :root{color-scheme:light dark;--dim:#667;--line:#ddd;--card:#f6f7f9}
      @media(prefers-color-scheme:dark){:root{--dim:#99a;--line:#444;--card:#1d2026}}
      body{font:15px/1.5 system-ui,sans-serif;max-width:52em;margin:2em auto;padding:0 1em}
      h1{font-size:1.5em;margin-bottom:.2em} h2{font-size:1.1em;margin-top:2em} .dim{color:var(--dim)}
      .cards{display:flex;flex-wrap:wrap;gap:.8em} .card{background:var(--card);border-radius:.5em;padding:.6em 1em;min-width:8em}
      .card b{display:block;font-size:1.4em;font-weight:600}
      table{border-collapse:collapse;width:100%} td{padding:.25em 1em .25em 0;border-bottom:1px solid var(--line)}
      td:first-child{width:16em} td.own{font-weight:600} svg{width:100%;height:auto;border-radius:.5em}
      """;

    /** Settings of which there is no one default: they follow from others, or from the model. */
    private static final Set<String> FOLLOWING =
            Set.of("targets", "batch_tokens", "warmup_steps", "eval_steps", "save_steps");

    private ReportPage() {}

    /**
     * Makes the page.
     *
     * @param result the fields of {@code train --json}
     * @param run the output folder, with config.json and loss.svg
     */
    static String html(Map<String, Object> result, Path run) throws IOException {
        JsonNode settings = JSON.readTree(Files.readString(run.resolve("config.json")));
        StringBuilder page = new StringBuilder("<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n");
        page.append("<meta name=\"viewport\" content=\"width=device-width\">\n");
        page.append("<title>Chaku training: ").append(escape(run.toString())).append("</title>\n");
        page.append("<style>\n").append(STYLE).append("</style>\n");
        page.append("<h1>Training ")
                .append(escape(run.toString()))
                .append("</h1>\n<p class=\"dim\">")
                .append(escape(summary(result, settings)))
                .append("</p>\n");
        cards(result, page);
        page.append("<h2>Loss</h2>\n").append(Files.readString(run.resolve("loss.svg")));
        settings(settings, page);
        page.append("<h2>Files</h2>\n<table>\n");
        row("adapter", String.valueOf(result.get("adapter")), false, page);
        row("log of each step", run.resolve("log.jsonl").toString(), false, page);
        return page.append("</table>\n</html>\n").toString();
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

    private static void cards(Map<String, Object> result, StringBuilder page) {
        page.append("<div class=\"cards\">\n");
        card("training loss", decimals(result.get("train_loss"), "%.4f"), page);
        card("validation loss", decimals(result.get("eval_loss"), "%.4f"), page);
        Object accuracy = result.get("eval_accuracy");
        card("validation tokens right", accuracy instanceof Double share ? decimals(100 * share, "%.1f %%") : "", page);
        card("tokens seen", String.format(Locale.ROOT, "%,d", number(result, "tokens")), page);
        card("speed", decimals(result.get("train_tokens_per_s"), "%,.0f tokens/s"), page);
        card(
                "time",
                result.get("seconds") instanceof Double s
                        ? ProgressLine.duration(Duration.ofMillis((long) (s * 1000)))
                        : "",
                page);
        card("peak memory", ProgressLine.bytes(number(result, "peak_bytes")), page);
        card("steps skipped", number(result, "skipped_steps") > 0 ? "" + number(result, "skipped_steps") : "", page);
        card("lines left out", number(result, "skipped_lines") > 0 ? "" + number(result, "skipped_lines") : "", page);
        page.append("</div>\n");
    }

    private static void card(String label, String value, StringBuilder page) {
        if (!value.isEmpty()) {
            page.append("<div class=\"card\"><b>")
                    .append(escape(value))
                    .append("</b>")
                    .append(escape(label))
                    .append("</div>\n");
        }
    }

    /** The settings: those that are not the defaults first. */
    private static void settings(JsonNode settings, StringBuilder page) {
        Map<String, String> defaults = defaults();
        Map<String, String> own = new LinkedHashMap<>();
        Map<String, String> others = new LinkedHashMap<>();
        settings.fieldNames().forEachRemaining(name -> {
            String value = settings.get(name).isContainerNode()
                    ? settings.get(name).toString()
                    : settings.get(name).asText();
            (defaults.containsKey(name) && !defaults.get(name).equals(value) ? own : others).put(name, value);
        });
        page.append("<h2>Settings</h2>\n");
        if (!own.isEmpty()) {
            page.append("<table>\n");
            own.forEach((name, value) -> row(words(name), value + " (default " + defaults.get(name) + ")", true, page));
            page.append("</table>\n");
        }
        page.append("<details><summary>")
                .append(own.isEmpty() ? "All are the defaults" : "Those left at their defaults, and the data")
                .append("</summary>\n<table>\n");
        others.forEach((name, value) -> row(words(name), value, false, page));
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

    private static void row(String name, String value, boolean own, StringBuilder page) {
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
                .replace("\"", "&quot;");
    }
}
