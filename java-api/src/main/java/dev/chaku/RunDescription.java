package dev.chaku;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.chaku.train.LoraTarget;
import dev.chaku.train.TrainingConfig;
import java.io.IOException;
import java.io.StringWriter;

/** The settings of a run as JSON: written beside its output, and compared when it is resumed. */
final class RunDescription {
  private static final JsonFactory JSON = new JsonFactory();

  private RunDescription() {}

  static String json(Trainer setup) {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = JSON.createGenerator(text).useDefaultPrettyPrinter()) {
      json.writeStartObject();
      json.writeStringField("base", setup.model().path().map(path -> path.getFileName().toString()).orElse("synthetic"));
      json.writeStringField("architecture", setup.model().architecture());
      json.writeStringField("mode", setup.isFull() ? "full" : "lora");
      if (!setup.isFull()) {
        json.writeNumberField("rank", setup.lora().rank());
        json.writeNumberField("alpha", setup.lora().alpha());
        json.writeBooleanField("rs_lora", setup.lora().rsLora());
        json.writeNumberField("dropout", setup.lora().dropout());
        json.writeArrayFieldStart("targets");
        for (LoraTarget target : LoraTarget.values()) {
          if (setup.lora().targets().contains(target)) {
            json.writeString(target.label());
          }
        }
        json.writeEndArray();
      }
      settings(json, setup.config());
      json.writeNumberField("examples", setup.examples().size());
      json.writeEndObject();
    } catch (IOException e) {
      throw new IllegalStateException("JSON in memory failed", e);
    }
    return text + "\n";
  }

  private static void settings(JsonGenerator json, TrainingConfig c) throws IOException {
    json.writeNumberField("epochs", c.epochs());
    json.writeNumberField("max_steps", c.maxSteps());
    json.writeNumberField("max_length", c.maxLength());
    json.writeNumberField("batch_tokens", c.batchTokens());
    json.writeNumberField("grad_accumulation", c.gradAccumulation());
    json.writeBooleanField("packing", c.packing());
    json.writeNumberField("learning_rate", c.learningRate());
    json.writeStringField("schedule", c.schedule().label());
    json.writeNumberField("warmup_steps", c.warmupSteps());
    json.writeNumberField("weight_decay", c.weightDecay());
    json.writeNumberField("max_grad_norm", c.maxGradNorm());
    json.writeNumberField("beta1", c.beta1());
    json.writeNumberField("beta2", c.beta2());
    json.writeNumberField("epsilon", c.epsilon());
    json.writeNumberField("b_rate_ratio", c.bRateRatio());
    json.writeNumberField("seed", c.seed());
  }
}
