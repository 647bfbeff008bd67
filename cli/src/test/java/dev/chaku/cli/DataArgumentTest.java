package dev.chaku.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.chaku.BadInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataArgumentTest {
  @TempDir Path folder;

  private Path file(String name, String format, int n) throws IOException {
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < n; i++) {
      lines.append(String.format(format, i, i));
    }
    return Files.writeString(folder.resolve(name), lines);
  }

  @Test
  void aWeightStandsAfterTheLastEqualsSign() throws IOException {
    assertEquals(new DataArgument(Path.of("a.jsonl"), OptionalDouble.empty()), DataArgument.parse("a.jsonl"));
    assertEquals(new DataArgument(Path.of("a=b.jsonl"), OptionalDouble.of(0.3)), DataArgument.parse("a=b.jsonl=0.3"));
    Path odd = file("run=1", "", 1);
    assertEquals(new DataArgument(odd, OptionalDouble.empty()), DataArgument.parse(odd.toString()));
    String message = assertThrows(BadInputException.class, () -> DataArgument.parse("a.jsonl=x")).getMessage();
    assertEquals("--data a.jsonl=x: expected a file, or a number after '=', found 'x'", message);
  }

  @Test
  void trainMixesFilesByWeightAndMapsTheirColumns() throws IOException {
    String format = "{\"question\": \"%d?\", \"answer\": \"%d.\", \"label\": \"x\"}\n";
    Path ours = file("ours.jsonl", format, 10);
    Path others = file("others.jsonl", format.replace("?", "??"), 20);
    Cli.Ran ran =
        Cli.run("train", "--model", Cli.base(folder), "--data", ours + "=2", "--data", others + "=0.3", "--out",
            folder.resolve("o"), "--columns", "prompt=Say {question},completion=answer", "--max-length", 64, "--plan", "--json");
    assertEquals(0, ran.code(), ran.err());
    JsonNode plan = ran.json();
    assertEquals(26, plan.get("examples").asInt());
    assertTrue(ran.err().contains("others.jsonl: 20 examples, each 0.3 times"), ran.err());
    Cli.Ran bad =
        Cli.run("train", "--model", Cli.base(folder), "--data", ours + "=-1", "--out", folder.resolve("o"), "--plan");
    assertEquals(3, bad.code());
    assertTrue(bad.err().contains("mixing weight: expected more than 0 and at most 1000, found -1"), bad.err());
    Cli.Ran none =
        Cli.run("train", "--model", Cli.base(folder), "--data", ours, "--out", folder.resolve("o"), "--columns", "prompt=q", "--plan");
    assertEquals(3, none.code());
    assertTrue(none.err().contains("ours.jsonl:1: expected a column 'q', found [question, answer, label]"), none.err());
  }
}
