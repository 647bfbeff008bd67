package dev.chaku.internal.adapter;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.chaku.errors.BadInputException;
import dev.chaku.internal.io.Json;
import dev.chaku.io.FileFault;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * The part of PEFT's {@code adapter_config.json} that decides what an adapter computes.
 *
 * @param rank of modules that no pattern names
 * @param alpha of modules that no pattern names
 * @param rsLora scale alpha / sqrt(rank) in place of alpha / rank
 * @param rankPattern ranks by module, see {@link #rankOf}
 * @param alphaPattern alphas by module
 * @param base what the adapter was trained on, empty if not told
 */
record PeftConfig(
        int rank,
        double alpha,
        boolean rsLora,
        Map<String, Double> rankPattern,
        Map<String, Double> alphaPattern,
        String base) {

    static final String FILE_NAME = "adapter_config.json";
    private static final long MOST_BYTES = 16 << 20;
    private static final int MOST_PATTERN_STEPS = 100_000;

    PeftConfig {
        rankPattern = Collections.unmodifiableMap(new LinkedHashMap<>(rankPattern));
        alphaPattern = Collections.unmodifiableMap(new LinkedHashMap<>(alphaPattern));
    }

    /** The rank that PEFT gives a module, by its full name. */
    double rankOf(String module) {
        return valueOf(module, rankPattern, rank);
    }

    /** What PEFT multiplies a module's low-rank product with. */
    double scaleOf(String module) {
        double moduleRank = rankOf(module);
        return valueOf(module, alphaPattern, alpha) / (rsLora ? Math.sqrt(moduleRank) : moduleRank);
    }

    /**
     * The keys are regular expressions that end where the name ends and begin with it or after a dot; the first wins.
     */
    private static double valueOf(String module, Map<String, Double> pattern, double otherwise) {
        for (Map.Entry<String, Double> entry : pattern.entrySet()) {
            if (Pattern.compile("(.*\\.)?(" + entry.getKey() + ")$")
                    .matcher(new BoundedText(module))
                    .lookingAt()) {
                return entry.getValue();
            }
        }
        return otherwise;
    }

    /** Text that ends a search gone astray: the expressions come from a file and may backtrack without end. */
    private static final class BoundedText implements CharSequence {
        private final String text;
        private int steps;

        BoundedText(String text) {
            this.text = text;
        }

        @Override
        public char charAt(int index) {
            if (++steps > MOST_PATTERN_STEPS) {
                throw new BadInputException(FILE_NAME + ": a pattern takes more than " + MOST_PATTERN_STEPS
                        + " steps on module '" + text + "'");
            }
            return text.charAt(index);
        }

        @Override
        public int length() {
            return text.length();
        }

        @Override
        public CharSequence subSequence(int start, int end) {
            return text.subSequence(start, end);
        }
    }

    /**
     * Reads a configuration.
     *
     * @param turned whether the family's weights are stored inputs by outputs
     * @throws BadInputException if it is damaged, or describes what low-rank additions to a GGUF base cannot express
     */
    static PeftConfig read(Path file, boolean turned) {
        Map<String, Object> values = new LinkedHashMap<>();
        try {
            if (Files.size(file) > MOST_BYTES) {
                throw new BadInputException(
                        file + ": expected at most " + MOST_BYTES + " bytes, found " + Files.size(file));
            }
            try (JsonParser json = Json.FACTORY.createParser(Files.readAllBytes(file))) {
                if (json.nextToken() != JsonToken.START_OBJECT) {
                    throw new BadInputException(file + ": expected a JSON object, found "
                            + (json.currentToken() == null ? "nothing" : "another value"));
                }
                while (json.nextToken() == JsonToken.FIELD_NAME) {
                    String key = json.currentName();
                    json.nextToken();
                    values.put(key, value(json));
                }
            }
        } catch (NoSuchFileException e) {
            throw new BadInputException(file + ": expected PEFT's configuration, found no such file", e);
        } catch (IOException e) {
            throw FileFault.notRead(file, e);
        }
        Fields fields = new Fields(file, values);
        fields.refuseUnsupported(turned);
        return new PeftConfig(
                (int) fields.positive("r"),
                fields.positive("lora_alpha"),
                fields.flag("use_rslora"),
                fields.pattern("rank_pattern"),
                fields.pattern("alpha_pattern"),
                values.get("base_model_name_or_path") instanceof String name ? name : "");
    }

    /**
     * A string, number or truth value; null; for an object its members that are such; for an array whether it holds
     * any.
     */
    private static Object value(JsonParser json) throws IOException {
        return switch (json.currentToken()) {
            case VALUE_STRING -> json.getText();
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> json.getDoubleValue();
            case VALUE_TRUE -> true;
            case VALUE_FALSE, VALUE_NULL -> false;
            case START_ARRAY -> {
                boolean empty = json.nextToken() == JsonToken.END_ARRAY;
                if (!empty) {
                    json.skipChildren();
                    while (json.nextToken() != JsonToken.END_ARRAY) {
                        json.skipChildren();
                    }
                }
                yield empty ? List.of() : List.of("…");
            }
            case START_OBJECT -> {
                Map<String, Object> members = new LinkedHashMap<>();
                while (json.nextToken() == JsonToken.FIELD_NAME) {
                    String key = json.currentName();
                    if (json.nextToken().isScalarValue()) {
                        members.put(key, value(json));
                    } else {
                        json.skipChildren();
                    }
                }
                yield members;
            }
            default -> throw new IOException("unexpected " + json.currentToken());
        };
    }

    /** Typed access to the members of the file. */
    private record Fields(Path file, Map<String, Object> values) {
        void refuseUnsupported(boolean turned) {
            Object type = values.getOrDefault("peft_type", "nothing");
            if (!"LORA".equals(type)) {
                throw new BadInputException(file + ": peft_type: expected LORA, found " + type);
            }
            refuse("use_dora", "DoRA rescales whole weights and is no low-rank addition; merge it into its base first");
            refuse(
                    "modules_to_save",
                    "whole trained modules cannot be part of a LoRA file; merge them into their base first");
            refuse("trainable_token_indices", "trained embeddings cannot be part of a LoRA file; merge them first");
            refuse("lora_bias", "biases of B cannot be part of a LoRA file");
            if (!turned) {
                refuse("fan_in_fan_out", "this family's weights are not stored inputs by outputs");
            }
            refuse("layer_replication", "it makes a base with more layers");
            refuse("alora_invocation_tokens", "it adapts only what follows these tokens");
            refuse("use_qalora", "grouped inputs of A cannot be part of a LoRA file");
            Object bias = values.getOrDefault("bias", "none");
            if (!"none".equals(bias) && !Boolean.FALSE.equals(bias)) {
                throw unsupported("bias", bias, "trained biases cannot be part of a LoRA file");
            }
            if (values.get("init_lora_weights") instanceof String init
                    && (init.startsWith("pissa")
                            || List.of("olora", "corda", "loftq", "lora_ga").contains(init))) {
                throw unsupported(
                        "init_lora_weights",
                        init,
                        "it alters the base's weights; convert the adapter to plain LoRA first");
            }
        }

        private void refuse(String key, String why) {
            Object found = values.getOrDefault(key, false);
            if (!Boolean.FALSE.equals(found)
                    && !List.of().equals(found)
                    && !Map.of().equals(found)) {
                throw unsupported(key, found, why);
            }
        }

        private BadInputException unsupported(String key, Object found, String why) {
            return new BadInputException(file + ": " + key + " = " + found + " is not supported: " + why);
        }

        boolean flag(String key) {
            return Boolean.TRUE.equals(values.get(key));
        }

        double positive(String key) {
            return positive(key, values.get(key));
        }

        private double positive(String key, Object found) {
            if (found instanceof Double number && number > 0 && Double.isFinite(number)) {
                return number;
            }
            throw new BadInputException(
                    file + ": " + key + ": expected a number above 0, found " + (found == null ? "nothing" : found));
        }

        Map<String, Double> pattern(String key) {
            Map<String, Double> pattern = new LinkedHashMap<>();
            if (values.get(key) instanceof Map<?, ?> members) {
                members.forEach((expression, number) -> {
                    try {
                        Pattern.compile(expression.toString());
                    } catch (PatternSyntaxException e) {
                        throw new BadInputException(
                                file + ": " + key + ": expected a regular expression, found '" + expression + "'", e);
                    }
                    pattern.put(expression.toString(), positive(key + "." + expression, number));
                });
            }
            return pattern;
        }
    }

    /** The file's text. */
    String json(List<String> targetModules, boolean turned) {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = Json.FACTORY.createGenerator(text).useDefaultPrettyPrinter()) {
            json.writeStartObject();
            writeNumbers(json, "alpha_pattern", alphaPattern);
            json.writeFieldName("base_model_name_or_path");
            json.writeString(base.isEmpty() ? null : base);
            json.writeStringField("bias", "none");
            json.writeBooleanField("fan_in_fan_out", turned);
            json.writeBooleanField("inference_mode", true);
            json.writeBooleanField("init_lora_weights", true);
            writeNumber(json, "lora_alpha", alpha);
            json.writeNumberField("lora_dropout", 0.0);
            json.writeNullField("modules_to_save");
            json.writeStringField("peft_type", "LORA");
            json.writeNumberField("r", rank);
            writeNumbers(json, "rank_pattern", rankPattern);
            json.writeArrayFieldStart("target_modules");
            for (String module : targetModules) {
                json.writeString(module);
            }
            json.writeEndArray();
            json.writeStringField("task_type", "CAUSAL_LM");
            json.writeBooleanField("use_dora", false);
            json.writeBooleanField("use_rslora", rsLora);
            json.writeEndObject();
        } catch (IOException e) {
            throw new IllegalStateException("JSON in memory failed", e);
        }
        return text + "\n";
    }

    private static void writeNumbers(JsonGenerator json, String name, Map<String, Double> numbers) throws IOException {
        json.writeObjectFieldStart(name);
        for (Map.Entry<String, Double> entry : numbers.entrySet()) {
            writeNumber(json, entry.getKey(), entry.getValue());
        }
        json.writeEndObject();
    }

    /** Ranks and most alphas are whole, and PEFT wants ranks without a point. */
    private static void writeNumber(JsonGenerator json, String name, double value) throws IOException {
        if (value == Math.rint(value) && Math.abs(value) < 1e15) {
            json.writeNumberField(name, (long) value);
        } else {
            json.writeNumberField(name, value);
        }
    }
}
