package dev.chaku.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelConvertCommandTest {
  @TempDir Path folder;

  @Test
  void aMistakeIsOneClearLine() {
    Cli.Ran missing = Cli.run("model", "convert", folder, folder.resolve("out.gguf"));
    assertEquals(3, missing.code());
    assertTrue(missing.err().contains("config.json: expected this file, found none"), missing.err());
    assertEquals(1, missing.err().strip().lines().count(), missing.err());
    assertEquals(2, Cli.run("model", "convert", folder).code());
    assertEquals(3, Cli.run("model", "convert", folder, "x.gguf", "--type", "q9").code());
    assertTrue(Cli.run("model", "convert", "--help").out().contains("  chaku model convert"));
  }
}
