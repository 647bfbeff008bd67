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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportsTest {
  private static final DataReport REPORT =
      new DataReport(
          List.of(
              new Finding(
                  "secret",
                  Severity.ERROR,
                  12,
                  "A <title>",
                  "Why & so",
                  "Mend it",
                  List.of(new Finding.Place("data.jsonl:3", "<script>alert(1)</script>")))),
          new DataStats(3, Map.of("Text", 3), 1234, true, 40, 10, new int[] {3, 5, 32}, 2, 32, DataContent.NONE));

  @TempDir Path folder;

  @Test
  void textHasBarsAndPlaces() {
    String text = TextReport.render(REPORT);
    assertTrue(text.contains("3 examples {Text=3}, 1,234 characters\n"), text);
    assertTrue(text.contains("25.0 % of the tokens are trained\n"), text);
    assertTrue(text.contains("        2..3       " + "█".repeat(40) + " 1\n"), text);
    assertTrue(text.contains("ERROR secret (12): A <title>\n    why: Why & so\n    fix: Mend it\n    data.jsonl:3"), text);
    assertTrue(text.contains("    and 11 more\n"), text);
  }

  @Test
  void jsonHoldsTheSame() throws IOException {
    Path file = Files.writeString(folder.resolve("report.json"), JsonReport.render(REPORT));
    Map<String, Object> json = ReferenceJson.object(ReferenceJson.read(file));
    Map<String, Object> stats = ReferenceJson.object(json.get("stats"));
    assertEquals(40, stats.get("tokens"));
    assertEquals(5, ReferenceJson.list(stats.get("histogram")).size());
    Map<String, Object> finding = ReferenceJson.object(ReferenceJson.list(json.get("findings")).get(0));
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
    assertEquals(5, page.split("<rect ", -1).length - 1);
  }

  @Test
  void noFindingIsSaid() {
    DataReport sound = new DataReport(List.of(), REPORT.stats());
    assertTrue(TextReport.render(sound).contains("No defect found."));
    assertTrue(HtmlReport.render(sound, "x").contains("No defect found."));
  }
}
