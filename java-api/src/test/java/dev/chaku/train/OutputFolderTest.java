package dev.chaku.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.BadInputException;
import dev.chaku.ResourceException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OutputFolderTest {
  @TempDir Path temp;

  @Test
  void makesAFolderOrTakesAnEmptyOne() throws IOException {
    Path path = temp.resolve("a/b");
    OutputFolder.create(path).writeText("t.txt", "one");
    assertThrows(BadInputException.class, () -> OutputFolder.create(path));
    OutputFolder.reopen(path).writeText("t.txt", "two");
    assertEquals("two", Files.readString(path.resolve("t.txt")));
    try (Stream<Path> files = Files.list(path)) {
      assertEquals(1, files.count());
    }
    OutputFolder.create(Files.createDirectory(temp.resolve("empty")));
    assertThrows(BadInputException.class, () -> OutputFolder.reopen(temp.resolve("absent")));
  }

  @Test
  void tellsHowMuchSpaceIsMissing() {
    OutputFolder folder = OutputFolder.create(temp.resolve("a"));
    folder.requireSpace(1);
    String message = assertThrows(ResourceException.class, () -> folder.requireSpace(Long.MAX_VALUE)).getMessage();
    assertTrue(message.contains("needs " + Long.MAX_VALUE + " bytes"), message);
  }

  @Test
  void aReportHasNoNameOfTheRunsOwn() {
    Path run = temp.resolve("run");
    OutputFolder.requireNotOfRun(run, run.resolve("report.html"));
    OutputFolder.requireNotOfRun(run, temp.resolve("log.jsonl"));
    for (String name : new String[] {"adapter.gguf", "log.jsonl", "checkpoint-00000001", "../run/loss.svg"}) {
      assertThrows(BadInputException.class, () -> OutputFolder.requireNotOfRun(run, run.resolve(name)), name);
    }
  }

  @Test
  void aTextThatCannotBeWrittenLeavesNothing() throws IOException {
    OutputFolder folder = OutputFolder.create(temp.resolve("a"));
    // A folder of that name cannot be replaced by a file.
    Files.createDirectories(folder.resolve("t.txt/inner"));
    assertThrows(BadInputException.class, () -> folder.writeText("t.txt", "x"));
    try (Stream<Path> files = Files.list(folder.path())) {
      assertEquals(1, files.count());
    }
  }
}
