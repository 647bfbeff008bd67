package dev.chaku;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.chaku.train.CheckpointFolder;
import dev.chaku.train.LoraTarget;
import dev.chaku.train.TrainingConfig;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** The settings of a run: written beside its output, and compared when it is resumed. */
final class RunDescription {
  private static final JsonFactory JSON = new JsonFactory();

  private RunDescription() {}

  /** The settings that decide the result's bits, as they are compared and shown. */
  static Map<String, String> decisive(TrainingSetup setup) {
    Map<String, String> shown = new LinkedHashMap<>();
    values(setup, true).forEach((name, value) -> shown.put(name, value.toString()));
    return shown;
  }

  /** All settings as JSON. */
  static String json(TrainingSetup setup, String baseHash) {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = JSON.createGenerator(text).useDefaultPrettyPrinter()) {
      json.writeStartObject();
      Optional<Path> base = setup.model().path();
      json.writeStringField("base", base.map(path -> path.getFileName().toString()).orElse("synthetic"));
      json.writeStringField("base_sha256", baseHash);
      for (Map.Entry<String, Object> entry : values(setup, false).entrySet()) {
        json.writeFieldName(entry.getKey());
        if (entry.getValue() instanceof Boolean flag) {
          json.writeBoolean(flag);
        } else if (entry.getValue() instanceof Double number) {
          json.writeNumber(number);
        } else if (entry.getValue() instanceof Number number) {
          json.writeNumber(number.longValue());
        } else {
          json.writeString(entry.getValue().toString());
        }
      }
      json.writeNumberField("examples", setup.data().examples().size());
      json.writeNumberField("eval_examples", setup.data().evalExamples().size());
      json.writeEndObject();
    } catch (IOException e) {
      throw new IllegalStateException("JSON in memory failed", e);
    }
    return text + "\n";
  }

  private static Map<String, Object> values(TrainingSetup setup, boolean decisiveOnly) {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("architecture", setup.model().architecture());
    values.put("mode", setup.full() ? "full" : "lora");
    if (!setup.full()) {
      values.put("rank", setup.lora().rank());
      values.put("alpha", setup.lora().alpha());
      values.put("rs_lora", setup.lora().rsLora());
      values.put("dropout", setup.lora().dropout());
      values.put(
          "targets",
          Arrays.stream(LoraTarget.values())
              .filter(setup.lora().targets()::contains)
              .map(LoraTarget::label)
              .collect(Collectors.joining(",")));
    }
    TrainingConfig c = setup.config();
    values.put("epochs", c.epochs());
    values.put("max_steps", c.maxSteps());
    values.put("max_length", c.maxLength());
    values.put("batch_tokens", c.batchTokens());
    values.put("grad_accumulation", c.gradAccumulation());
    values.put("packing", c.packing());
    values.put("learning_rate", c.learningRate());
    values.put("schedule", c.schedule().label());
    values.put("warmup_steps", c.warmupSteps());
    values.put("weight_decay", c.weightDecay());
    values.put("max_grad_norm", c.maxGradNorm());
    values.put("beta1", c.beta1());
    values.put("beta2", c.beta2());
    values.put("epsilon", c.epsilon());
    values.put("b_rate_ratio", c.bRateRatio());
    values.put("seed", c.seed());
    if (setup.model().hasExperts()) {
      values.put("load_balance", c.loadBalance());
      values.put("train_routers", c.trainRouters());
    }
    values.put("early_stopping", c.earlyStopping());
    // Without early stopping the validations only tell.
    if (!decisiveOnly || c.earlyStopping() > 0) {
      values.put("eval_steps", c.evalSteps());
    }
    if (!decisiveOnly) {
      values.put("save_steps", c.saveSteps());
    }
    return values;
  }

  /** The SHA-256 of the base's file; a synthetic model's name. */
  static String baseHash(Model model) {
    Optional<Path> path = model.path();
    if (path.isEmpty()) {
      return model.metadata().source();
    }
    try {
      return CheckpointFolder.sha256(path.get());
    } catch (IOException e) {
      throw FileFault.notRead(path.get(), e);
    }
  }
}
