package dev.chaku.data.doctor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.ReferenceJson;
import dev.chaku.data.doctor.Finding.Severity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportsTest {
    private static final DataReport REPORT = new DataReport(
            List.of(new Finding(
                    "secret",
                    Severity.ERROR,
                    12,
                    "A <title>",
                    "Why & so",
                    "Mend it",
                    List.of(new Finding.Place("data.jsonl:3", "<script>alert(1)</script>")))),
            new DataStats(3, Map.of("Text", 3), 1234, true, 40, 10, new int[] {3, 5, 32}, 2, 32, DataContent.NONE));

    @TempDir
    Path folder;

    @Test
    void textHasBarsAndPlaces() {
        String text = TextReport.render(REPORT);
        assertTrue(text.contains("3 texts, 1,234 characters\n"), text);
        assertTrue(text.contains("25.0 % of the tokens are trained\n"), text);
        assertTrue(text.contains("        2..3       " + "█".repeat(40) + " 1\n"), text);
        assertTrue(
                text.contains("ERROR secret (12): A <title>\n    why: Why & so\n    fix: Mend it\n    data.jsonl:3"),
                text);
        assertTrue(text.contains("    and 11 more\n"), text);
    }

    @Test
    void jsonHoldsTheSame() throws IOException {
        Path file = Files.writeString(folder.resolve("report.json"), JsonReport.render(REPORT));
        Map<String, Object> json = ReferenceJson.object(ReferenceJson.read(file));
        Map<String, Object> stats = ReferenceJson.object(json.get("stats"));
        assertEquals(40, stats.get("tokens"));
        assertEquals(5, ReferenceJson.list(stats.get("histogram")).size());
        Map<String, Object> finding =
                ReferenceJson.object(ReferenceJson.list(json.get("findings")).get(0));
        assertEquals("error", finding.get("severity"));
        assertEquals(
                Map.of("source", "data.jsonl:3", "detail", "<script>alert(1)</script>"),
                ReferenceJson.list(finding.get("places")).get(0));
    }

    @Test
    void thePageNeedsNothingElseAndEscapesTheData() {
        String page = HtmlReport.render(REPORT, "a < b");
        assertTrue(page.startsWith("<!doctype html>"));
        assertTrue(page.contains("<h1>a &lt; b</h1>"));
        assertTrue(page.contains("&lt;script&gt;alert(1)"));
        assertFalse(page.contains("<script"));
        assertFalse(page.contains("http"));
        // Five lengths, three severities, and the two parts of the trained share with their legend.
        assertEquals(12, page.split("<rect ", -1).length - 1);
    }

    @Test
    void chartsStayWithinTheirPicture() {
        List<SvgCharts.Bar> bars = List.of(
                new SvgCharts.Bar("a".repeat(99), 7, "bar"),
                new SvgCharts.Bar("\uD83D\uDE00".repeat(40), 123_456_789, "bar"));
        for (String svg :
                List.of(SvgCharts.bars("t", bars), SvgCharts.parts("t", bars), SvgCharts.bars("t", List.of()))) {
            Matcher size = Pattern.compile("viewBox=\"0 0 (\\d+) (\\d+)\"").matcher(svg);
            assertTrue(size.find(), svg);
            Matcher rect = Pattern.compile("<rect x=\"([0-9.]+)\" y=\"(\\d+)\" width=\"([0-9.]+)\" height=\"(\\d+)\"")
                    .matcher(svg);
            while (rect.find()) {
                assertTrue(
                        Double.parseDouble(rect.group(1)) + Double.parseDouble(rect.group(3))
                                <= Integer.parseInt(size.group(1)),
                        rect.group());
                assertTrue(
                        Integer.parseInt(rect.group(2)) + Integer.parseInt(rect.group(4))
                                <= Integer.parseInt(size.group(2)),
                        rect.group());
            }
            // A digit is at most 9 wide at this size.
            Matcher text = Pattern.compile("<text x=\"([0-9.]+)\" y=\"(\\d+)\" text-anchor=\"start\">([0-9,]+)<")
                    .matcher(svg);
            while (text.find()) {
                assertTrue(
                        Double.parseDouble(text.group(1)) + 8 * text.group(3).length()
                                <= Integer.parseInt(size.group(1)),
                        text.group());
                assertTrue(Integer.parseInt(text.group(2)) <= Integer.parseInt(size.group(2)), text.group());
            }
        }
    }

    @Test
    void anEstimateEndsEveryReport() throws IOException {
        TrainingEstimate estimate = new TrainingEstimate(
                "LoRA of rank 16",
                3,
                32,
                40,
                10,
                2,
                2,
                new TrainingEstimate.Memory(700L << 20, 3L << 30, 2L << 30),
                new TrainingEstimate.Time(600, 500, 7000, "measured somehow"),
                "");
        DataReport report = REPORT.withEstimate(estimate);
        String text = TextReport.render(report);
        assertTrue(
                text.contains(
                        "40 tokens an epoch, 10 of them trained, in 2 rows of up to 32: 2 steps an epoch, 6 in all\n"),
                text);
        assertTrue(
                text.contains("memory: weights 700.0 MiB (mapped), training 3.0 GiB; available 2.0 GiB - NOT ENOUGH\n"),
                text);
        assertTrue(text.contains("time: about 10 min (8 min to 1.9 h); measured somehow\n"), text);
        assertTrue(HtmlReport.render(report, "x").contains("measured somehow"));
        Path file = Files.writeString(folder.resolve("report.json"), JsonReport.render(report));
        Map<String, Object> json = ReferenceJson.object(
                ReferenceJson.object(ReferenceJson.read(file)).get("estimate"));
        assertEquals(6, json.get("steps"));
        assertEquals("measured somehow", json.get("time_measured_by"));
    }

    /** Every count that needs a tokenizer says that it is an estimate where there was none. */
    @Test
    void estimatesAreMarked() {
        DataStats stats = REPORT.stats();
        DataStats guessed = new DataStats(
                stats.examples(),
                stats.kinds(),
                stats.characters(),
                false,
                stats.tokens(),
                stats.tokens(),
                stats.lengths(),
                stats.rows(),
                stats.maxLength(),
                stats.content());
        TrainingEstimate estimate =
                new TrainingEstimate("LoRA of rank 16", 1, 32, 40, 40, 1, 1, null, null, "no model", false);
        DataReport report = new DataReport(List.of(), guessed).withEstimate(estimate);
        for (String line : TextReport.render(report).lines().toList()) {
            boolean counts = line.matches(".*\\d (tokens?|rows?|steps?)\\b.*");
            assertTrue(!counts || line.contains("(estimated"), line);
        }
        assertTrue(TextReport.render(report).contains("Lengths in tokens, estimated"));
        assertTrue(
                TextReport.render(report)
                        .contains(
                                "about 40 tokens an epoch, prompts included, in 1 row of up to 32: 1 step an epoch, 1 in all (estimated)"));
        assertTrue(JsonReport.render(report).contains("\"measured\":false,\"tokens_per_epoch\":40"));
        assertTrue(HtmlReport.render(report, "x").contains("filled, estimated"));
        assertFalse(TextReport.render(REPORT).contains("estimated"));
    }

    @Test
    void noFindingIsSaid() {
        DataReport sound = new DataReport(List.of(), REPORT.stats());
        assertTrue(TextReport.render(sound).contains("No defect found."));
        assertTrue(HtmlReport.render(sound, "x").contains("No defect found."));
    }
}
