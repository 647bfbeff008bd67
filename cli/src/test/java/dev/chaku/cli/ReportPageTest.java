package dev.chaku.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The page of {@code chaku train --report}. */
class ReportPageTest {
    private static final String EVIL = "</script><script>alert(1)</script><img src=x onerror='a()'>&\"";

    @TempDir
    Path folder;

    private Path base;

    @BeforeEach
    void layOut() throws IOException {
        base = Cli.base(folder);
    }

    private static String line(String question, String answer) throws IOException {
        ObjectMapper json = new ObjectMapper();
        return "{\"messages\": [{\"role\": \"user\", \"content\": " + json.writeValueAsString(question)
                + "}, {\"role\": \"assistant\", \"content\": " + json.writeValueAsString(answer) + "}]}\n";
    }

    @Test
    void showsCurvesAnswersAndChecksAndEscapesWhatOthersWrote() throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 12; i++) {
            lines.append(line("Where does cow " + i + " live? " + EVIL, "On <b>Mars</b>. " + EVIL));
        }
        Path data = Files.writeString(folder.resolve("a<i>.jsonl"), lines);
        Path general = Files.writeString(folder.resolve("general.txt"), "The cow lives on the farm. It gives milk.\n");
        Path report = folder.resolve("run.html");
        Path out = folder.resolve("run<u>1");
        Cli.Ran ran = Cli.run(
                "train",
                "--model",
                base,
                "--data",
                data,
                "--eval-split",
                0.25,
                "--out",
                out,
                "--max-length",
                256,
                "--max-steps",
                12,
                "--eval-steps",
                4,
                "--report",
                report,
                "--general-data",
                general,
                "--json");
        assertEquals(0, ran.code(), ran.err());
        String page = Files.readString(report);
        String curves = between(page, "<script type=\"application/json\" id=\"curves\">", "</script>");
        JsonNode charts = new ObjectMapper().readTree(curves);
        assertEquals("Loss", charts.get(0).get("title").asText());
        JsonNode series = charts.get(0).get("series");
        assertEquals(3, series.size());
        assertEquals(12, series.get(0).get("x").size());
        assertEquals("[4,8,12]", series.get(2).get("x").toString());
        assertEquals(
                ran.json().get("eval_loss").asDouble(),
                series.get(2).get("y").get(2).asDouble(),
                1e-12);
        for (String label : new String[] {
            "<dt>base</dt>", "<dt>step 3</dt>", "<dt>step 6</dt>", "<dt>step 9</dt>", "<dt>step 12</dt>"
        }) {
            assertTrue(page.contains(label), label);
        }
        for (String check : new String[] {"Over-fitting", "Learning", "Forgetting, general text", "Learned by heart"}) {
            assertTrue(page.contains(check + "</b>: "), check);
        }
        assertTrue(page.contains("too much from 2 %") && page.contains("too much from +0.05"));
        assertTrue(page.contains("alert(1)"), "the data's text is shown");
        assertFalse(page.contains("<script>alert"), "as text");
        for (String tag : new String[] {"<img", "<b>Mars", "<u>1", "<i>.jsonl", "onerror='"}) {
            assertFalse(page.contains(tag), tag);
        }
        Matcher address = Pattern.compile("<[^>]*(src|href)=|url\\(|https?://(?!www\\.w3\\.org/2000/svg)")
                .matcher(page);
        assertFalse(address.find(), "it needs nothing from elsewhere");
    }

    private static String between(String text, String from, String to) {
        int start = text.indexOf(from) + from.length();
        return text.substring(start, text.indexOf(to, start));
    }

    @Test
    void longRunsAreThinnedToTheirExtremes() throws IOException {
        StringBuilder log = new StringBuilder();
        for (int step = 1; step <= 5000; step++) {
            double loss = step == 2345 ? 9 : step == 3456 ? 0.5 : 1 + step % 7 / 10.0;
            log.append("{\"step\":" + step + ",\"loss\":" + loss + ",\"grad_norm\":\"NaN\"}\n");
        }
        Path file = Files.writeString(folder.resolve("log.jsonl"), log + "{\"step\":5001,\"lo");
        var charts = RunCurves.read(file).charts("sft");
        assertEquals(1, charts.size());
        var series = charts.get(0).series().get(0);
        assertTrue(series.x().size() <= RunCurves.MOST_POINTS, series.x().size() + " points");
        assertTrue(series.x().contains(2345) && series.x().contains(3456));
        assertEquals(series.x().stream().sorted().toList(), series.x());
        assertEquals(series.x().size(), series.y().size());
    }

    @Test
    void generatedAnswersHaveACurveForEachMetric() throws IOException {
        Path file = Files.writeString(
                folder.resolve("log.jsonl"),
                "{\"step\":1,\"loss\":2}\n"
                        + "{\"step\":2,\"loss\":1,\"eval_answers_json_valid\":0.5,\"eval_answers_exact_match\":0.25}\n");
        var chart = RunCurves.read(file).charts("sft").stream()
                .filter(one -> one.title().equals("Answers of the validation"))
                .findFirst()
                .orElseThrow();
        assertEquals(
                List.of("json valid", "exact match"),
                chart.series().stream().map(RunCurves.Series::name).toList());
        assertEquals(List.of(0.25), chart.series().get(1).y());
    }
}
