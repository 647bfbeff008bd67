package dev.chaku.cli;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Runs command lines in this JVM and keeps what they print. */
final class Cli {
  private static final ObjectMapper JSON = new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  /** What a command line did. */
  record Ran(int code, String out, String err) {
    /** Standard output as the one JSON object that it should be. */
    JsonNode json() throws IOException {
      return JSON.readTree(out);
    }
  }

  private Cli() {}

  static Ran run(Object... args) {
    return run(false, args);
  }

  /** The same with a standard output that shows colours. */
  static Ran runInColour(Object... args) {
    return run(true, args);
  }

  private static Ran run(boolean colours, Object... args) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Console console =
        new Console(
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            false,
            colours,
            false);
    String[] line = new String[args.length];
    for (int i = 0; i < args.length; i++) {
      line[i] = args[i].toString();
    }
    int code = Main.run(console, line);
    return new Ran(code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  /** The demo's base model as a file. */
  static Path base(Path folder) throws IOException {
    Path file = folder.resolve("base.gguf");
    if (!Files.exists(file)) {
      try (InputStream in = Main.class.getResourceAsStream("demo/base.gguf")) {
        Files.copy(in, file);
      }
    }
    return file;
  }
}
