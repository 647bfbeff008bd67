package dev.chaku.train;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.chaku.ResourceException;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** The run's log: one JSON object a line, appended as the run goes. Not thread-safe. */
public final class LogFile {
  private static final JsonFactory JSON = new JsonFactory();

  private final Path path;

  public LogFile(Path path) {
    this.path = path;
  }

  /** Appends a step. */
  public void append(TrainingProgress p) {
    StringWriter line = new StringWriter();
    try (JsonGenerator json = JSON.createGenerator(line)) {
      json.writeStartObject();
      json.writeNumberField("step", p.step());
      json.writeNumberField("epoch", p.epoch());
      json.writeNumberField("loss", p.loss());
      json.writeNumberField("learning_rate", p.learningRate());
      json.writeNumberField("grad_norm", p.gradNorm());
      json.writeNumberField("tokens", p.tokens());
      json.writeNumberField("tokens_per_s", p.tokensPerSecond());
      json.writeNumberField("elapsed_s", p.elapsed().toMillis() / 1000.0);
      if (p.evaluated()) {
        json.writeNumberField("eval_loss", p.evalLoss().orElseThrow());
        json.writeNumberField("eval_accuracy", p.evalAccuracy().orElseThrow());
      }
      json.writeEndObject();
    } catch (IOException e) {
      throw new IllegalStateException("a log line in memory failed", e);
    }
    try {
      Files.writeString(
          path, line + "\n", StandardCharsets.UTF_8, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new ResourceException(path + ": the log cannot be written: " + e.getMessage(), e);
    }
  }
}
