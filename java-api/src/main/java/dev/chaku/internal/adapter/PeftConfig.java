package dev.chaku.internal.adapter;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.chaku.errors.BadInputException;
import dev.chaku.internal.adapter.FoundAdapter.Beyond;
import dev.chaku.internal.huggingface.JsonFile;
import dev.chaku.internal.io.Json;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/**
 * The part of PEFT's {@code adapter_config.json} that decides what an adapter computes.
 *
 * @param rank of modules that no pattern names
 * @param alpha of modules that no pattern names
 * @param rsLora scale alpha / sqrt(rank) in place of alpha / rank
 * @param rankPattern ranks by module, see {@link #rankOf}
 * @param alphaPattern alphas by module
 * @param inputsFirst whether weights of the base are stored inputs by outputs
 * @param tokens whose embeddings were trained, by the end of the module's name; under the empty name those of any
 * @param base what the adapter was trained on, empty if not told
 */
record PeftConfig(
        int rank,
        double alpha,
        boolean rsLora,
        Map<String, Double> rankPattern,
        Map<String, Double> alphaPattern,
        boolean inputsFirst,
        Map<String, List<Integer>> tokens,
        String base) {

    static final String FILE_NAME = "adapter_config.json";
    private static final int MOST_PATTERN_STEPS = 100_000;

    /** Settings that say how an adapter was made or where it belongs, and nothing of what it computes. */
    private static final Set<String> HARMLESS = Set.of(
            "auto_mapping",
            "base_model_name_or_path",
            "corda_config",
            "ensure_weight_tying",
            "eva_config",
            "exclude_modules",
            "inference_mode",
            "layers_pattern",
            "layers_to_transform",
            "loftq_config",
            "lora_dropout",
            "lora_ga_config",
            "megatron_config",
            "megatron_core",
            "peft_version",
            "qalora_group_size",
            "revision",
            "runtime_config",
            "target_modules",
            "task_type");

    /** Settings that are read, here or by {@link Refusals}. */
    private static final Set<String> READ = Set.of(
            "alora_invocation_tokens",
            "alpha_pattern",
            "arrow_config",
            "bias",
            "fan_in_fan_out",
            "init_lora_weights",
            "layer_replication",
            "lora_alpha",
            "lora_bias",
            "modules_to_save",
            "peft_type",
            "r",
            "rank_pattern",
            "target_parameters",
            "trainable_token_indices",
            "use_dora",
            "use_qalora",
            "use_rslora");

    PeftConfig {
        rankPattern = Collections.unmodifiableMap(new LinkedHashMap<>(rankPattern));
        alphaPattern = Collections.unmodifiableMap(new LinkedHashMap<>(alphaPattern));
        tokens = Map.copyOf(tokens);
    }

    /** The tokens whose rows of a module were trained. */
    List<Integer> trainedTokens(String module) {
        return tokens.entrySet().stream()
                .filter(entry -> entry.getKey().isEmpty()
                        || module.equals(entry.getKey())
                        || module.endsWith("." + entry.getKey()))
                .findFirst()
                .map(Map.Entry::getValue)
                .orElse(List.of());
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
     * A configuration as it was read.
     *
     * @param config what decides the numbers
     * @param beyond settings of what is no low-rank addition
     * @param remarks settings that are passed over
     * @param dora whether each module has magnitudes
     */
    record Told(PeftConfig config, List<Beyond> beyond, List<String> remarks, boolean dora) {}

    /** @throws BadInputException if it is damaged or of no LoRA */
    static Told read(Path file) {
        JsonFile json = JsonFile.read(file);
        Object type = json.fields().get("peft_type");
        if (!"LORA".equals(type)) {
            throw new BadInputException(
                    file + ": peft_type: expected LORA, found " + (type == null ? "nothing" : type));
        }
        double rank = positive(json, "r", json.fields().get("r"));
        if (rank != Math.rint(rank) || rank > Integer.MAX_VALUE) {
            throw new BadInputException(file + ": r: expected a whole number, found " + rank);
        }
        PeftConfig config = new PeftConfig(
                (int) rank,
                positive(json, "lora_alpha", json.fields().get("lora_alpha")),
                json.bool("use_rslora", false),
                pattern(json, "rank_pattern"),
                pattern(json, "alpha_pattern"),
                json.bool("fan_in_fan_out", false),
                tokens(json),
                json.fields().get("base_model_name_or_path") instanceof String name ? name : "");
        return new Told(config, new Refusals(json).list(), remarks(json), json.bool("use_dora", false));
    }

    private static List<String> remarks(JsonFile json) {
        List<String> remarks = new ArrayList<>();
        json.fields().forEach((key, value) -> {
            if (!HARMLESS.contains(key) && !READ.contains(key) && isSet(value) && !isMethod(key, value)) {
                remarks.add(json.path() + ": " + key + " is not known here and passed over, found " + shown(value));
            }
        });
        return remarks;
    }

    /** PEFT says {@code use_…} of each way to compute that differs from LoRA's. */
    private static boolean isMethod(String key, @Nullable Object value) {
        return key.startsWith("use_") && Boolean.TRUE.equals(value);
    }

    private static boolean isSet(@Nullable Object value) {
        return value != null
                && !Boolean.FALSE.equals(value)
                && !List.of().equals(value)
                && !Map.of().equals(value)
                && !"".equals(value);
    }

    private static String shown(@Nullable Object value) {
        String text = String.valueOf(value);
        return text.length() <= 60 ? text : text.substring(0, 60) + "…";
    }

    /** What a configuration says that low-rank additions to a GGUF base cannot express. */
    private record Refusals(JsonFile json, List<Beyond> list) {
        Refusals(JsonFile json) {
            this(json, new ArrayList<>());
            merge("use_dora", "DoRA rescales whole weights and is no low-rank addition");
            Object saved = json.fields().get("modules_to_save");
            if (isSet(saved)) {
                list.add(Beyond.saved(
                        json.path() + ": modules_to_save = " + shown(saved),
                        "whole trained modules are named whose tensors are not there"));
            }
            merge("trainable_token_indices", "trained embeddings cannot be part of a LoRA file");
            refuse("lora_bias", "biases of B cannot be part of a LoRA file");
            refuse(
                    "target_parameters",
                    "it adapts parameters that are no modules, such as those of all experts in one");
            refuse("layer_replication", "it makes a base with more layers");
            refuse("alora_invocation_tokens", "it adapts only what follows these tokens");
            refuse("use_qalora", "grouped inputs of A cannot be part of a LoRA file");
            refuse("arrow_config", "it weighs several adapters anew for each token");
            json.fields().forEach((key, value) -> {
                if (isMethod(key, value) && !READ.contains(key)) {
                    add(key, value, "this version does not know what it changes");
                }
            });
            Object bias = json.fields().get("bias");
            if (isSet(bias) && !"none".equals(bias)) {
                add("bias", bias, "trained biases cannot be part of a LoRA file");
            }
            if (json.fields().get("init_lora_weights") instanceof String init
                    && (init.startsWith("pissa")
                            || List.of("olora", "corda", "loftq", "lora_ga").contains(init))) {
                add("init_lora_weights", init, "it alters the base's weights; convert the adapter to plain LoRA first");
            }
        }

        private void refuse(String key, String why) {
            Object found = json.fields().get(key);
            if (isSet(found)) {
                add(key, found, why);
            }
        }

        private void merge(String key, String why) {
            Object found = json.fields().get(key);
            if (isSet(found)) {
                list.add(Beyond.mergeable(json.path() + ": " + key + " = " + shown(found), why));
            }
        }

        private void add(String key, @Nullable Object found, String why) {
            list.add(new Beyond(json.path() + ": " + key + " = " + shown(found), why));
        }
    }

    /** A list of tokens of the embedding, or one for each module. */
    private static Map<String, List<Integer>> tokens(JsonFile json) {
        Object told = json.fields().get("trainable_token_indices");
        if (told instanceof List<?> ids) {
            return Map.of("", ids(json, ids));
        }
        Map<String, List<Integer>> tokens = new LinkedHashMap<>();
        if (told instanceof Map<?, ?> modules) {
            modules.forEach((module, ids) ->
                    tokens.put(module.toString(), ids(json, ids instanceof List<?> list ? list : List.of())));
        }
        return tokens;
    }

    private static List<Integer> ids(JsonFile json, List<?> found) {
        return found.stream()
                .map(id -> {
                    if (id instanceof Long number && number >= 0 && number <= Integer.MAX_VALUE) {
                        return number.intValue();
                    }
                    throw json.error("trainable_token_indices", "ids of tokens", id);
                })
                .toList();
    }

    private static double positive(JsonFile json, String key, @Nullable Object found) {
        if (found instanceof Number number && number.doubleValue() > 0 && Double.isFinite(number.doubleValue())) {
            return number.doubleValue();
        }
        throw new BadInputException(
                json.path() + ": " + key + ": expected a number above 0, found " + (found == null ? "nothing" : found));
    }

    private static Map<String, Double> pattern(JsonFile json, String key) {
        Map<String, Double> pattern = new LinkedHashMap<>();
        Optional<JsonFile> members = json.findObject(key);
        members.ifPresent(object -> object.fields().forEach((expression, number) -> {
            try {
                Pattern.compile(expression);
            } catch (PatternSyntaxException e) {
                throw new BadInputException(
                        json.path() + ": " + key + ": expected a regular expression, found '" + expression + "'", e);
            }
            pattern.put(expression, positive(json, key + "." + expression, number));
        }));
        return pattern;
    }

    /** The file's text. */
    String json(List<String> targetModules, List<String> savedModules, boolean dora) {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = Json.FACTORY.createGenerator(text).useDefaultPrettyPrinter()) {
            json.writeStartObject();
            writeNumbers(json, "alpha_pattern", alphaPattern);
            json.writeFieldName("base_model_name_or_path");
            json.writeString(base.isEmpty() ? null : base);
            json.writeStringField("bias", "none");
            json.writeBooleanField("fan_in_fan_out", inputsFirst);
            json.writeBooleanField("inference_mode", true);
            json.writeBooleanField("init_lora_weights", true);
            writeNumber(json, "lora_alpha", alpha);
            json.writeNumberField("lora_dropout", 0.0);
            if (savedModules.isEmpty()) {
                json.writeNullField("modules_to_save");
            } else {
                writeStrings(json, "modules_to_save", savedModules);
            }
            json.writeStringField("peft_type", "LORA");
            json.writeNumberField("r", rank);
            writeNumbers(json, "rank_pattern", rankPattern);
            writeStrings(json, "target_modules", targetModules);
            json.writeStringField("task_type", "CAUSAL_LM");
            json.writeBooleanField("use_dora", dora);
            json.writeBooleanField("use_rslora", rsLora);
            json.writeEndObject();
        } catch (IOException e) {
            throw new IllegalStateException("JSON in memory failed", e);
        }
        return text + "\n";
    }

    private static void writeStrings(JsonGenerator json, String name, List<String> values) throws IOException {
        json.writeArrayFieldStart(name);
        for (String value : values) {
            json.writeString(value);
        }
        json.writeEndArray();
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
